#include "nas/supernets.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/number.hpp"
#include "base/stopwatch.hpp"
#include "base/units.hpp"
#include "nas/candidate_fields.hpp"
#include "nas/model_file.hpp"
#include "results/model_stage.hpp"

namespace danas {

namespace {

const std::string& entry(const Checkpoint& checkpoint, const std::string& key, const std::filesystem::path& path) {
  const auto found = checkpoint.metadata().find(key);
  if (found == checkpoint.metadata().end()) throw expected(path.string(), "the metadata key " + key, "none");
  return found->second;
}

// An empty result: no state, or that of another supernet.
std::optional<Checkpoint> unfinished_state(const RunDirectory& run, const SupernetGroup& group) {
  const std::filesystem::path file = run.files().unfinished_supernet();
  if (!std::filesystem::exists(file)) return std::nullopt;
  Checkpoint checkpoint(file);
  if (entry(checkpoint, "data", file) != group.name) return std::nullopt;
  check_preparation(checkpoint.metadata(), group.largest(), file);
  return checkpoint;
}

std::int64_t step_of(const Checkpoint& checkpoint, const std::filesystem::path& path, const Experiment& experiment) {
  const std::string& text = entry(checkpoint, "step", path);
  const auto step = parse_number<std::int64_t>(text, path.string());
  if (step < 0 || step > experiment.supernet.steps)
    throw expected(path.string(), fmt::format("a step from 0 to {}", experiment.supernet.steps), text);
  return step;
}

// What its steps cost, counted in steps of the whole network.
std::string slices_text(const GroupSchedule& schedule, const Experiment& experiment) {
  if (experiment.slices.scheme == SupernetScheme::full) return "";
  return fmt::format(" ({}, the multiply-adds of {:.0f} of the whole network)", name_of(experiment.slices.scheme),
                     schedule.share_of_full() * static_cast<double>(experiment.supernet.steps));
}

}  // namespace

// What a killed process did beyond what is on record will be done again.
Supernets::Supernets(SearchContext& context, double state_seconds, const std::filesystem::path& shared)
    : context_(context), state_seconds_(state_seconds), groups_(supernet_groups(context.experiment)) {
  if (context.experiment.switches.change_supernet) {
    make_folder(context.run.files().changed_supernets());
    for (const Candidate& candidate : context.run.candidates())
      if (candidate.outcome == Outcome::evaluated)
        changed_by_[group_of(groups_, system_of(candidate).data).name] = candidate.id;
    forget_superseded();
  }
  if (shared.empty()) return;
  shared_.emplace(shared);
  context_.state.clock.at_least(SearchPhase::supernets, shared_seconds());
}

Training supernet_training(const SupernetGroup& group) { return {TrainingPhase::supernet, group.name}; }

bool Supernets::finished(const SupernetGroup& group) const {
  return std::filesystem::exists(context_.run.files().supernet(group.name));
}

std::int64_t Supernets::count() const {
  return std::ranges::count_if(groups_, [&](const SupernetGroup& group) { return finished(group); });
}

std::int64_t Supernets::unfinished_steps(const SupernetGroup& group) const {
  const auto state = unfinished_state(context_.run, group);
  return state ? step_of(*state, context_.run.files().unfinished_supernet(), context_.experiment) : 0;
}

void Supernets::remove_ended_state() const {
  for (const SupernetGroup& group : groups_)
    if (finished(group) && unfinished_state(context_.run, group))
      remove_file(context_.run.files().unfinished_supernet());
}

LayerList Supernets::layers_of(const DataConfiguration& data) const {
  return supernet_layers(data.input(), context_.experiment.space.slices().most_blocks(), context_.classes());
}

Metadata Supernets::metadata(const SupernetGroup& group) const {
  Metadata metadata = class_metadata(group.largest(), context_.store.dataset());
  metadata["data"] = group.name;
  metadata["depth"] = depth_text(context_.experiment.space.slices().most_blocks());
  return metadata;
}

bool Supernets::prepare(const DataConfiguration& data) {
  const SupernetGroup& group = group_of(groups_, data);
  if (finished(group)) {
    share(group);
    return true;
  }
  network_.reset();
  SearchClock& clock = context_.state.clock;
  clock.enter(SearchPhase::data);
  prepare_all_images(group);
  if (take_shared(group)) return true;
  clock.enter(SearchPhase::supernets);
  context_.work.supernet_begins(group);
  Network network(context_.backend, layers_of(group.largest()),
                  stream_number(context_.experiment.seed, "weights " + group.name));
  try {
    SystemTrainer trainer = context_.trainer_on(context_.backend);
    const bool trained = train(trainer, network, group);
    if (trained) finish(trainer, network, group);
    clock.enter(SearchPhase::candidates);
    context_.work.supernet_ends();
    if (!trained) return false;
  } catch (const Diverged& error) {
    throw Error(supernet_training(group).text(), std::string(error.what()) + " of [supernet]", Fault::failure);
  }
  context_.state.save();
  remove_file(context_.run.files().unfinished_supernet());
  share(group);
  context_.work.supernet_done(group);
  network_.emplace(std::move(network));
  name_ = group.name;
  return true;
}

std::string Supernets::shared_key(const SupernetGroup& group) const {
  return supernet_key(context_.experiment, group, context_.store.dataset(), context_.backend.instruction_set());
}

// The file comes last, as it says that the supernet is there; its cost is then known whenever a session begins.
bool Supernets::take_shared(const SupernetGroup& group) {
  if (!shared_) return false;
  const std::string key = shared_key(group);
  if (!shared_->has(key)) return false;
  for (const TrainingRow& row : shared_->rows(key)) context_.run.append_training(row);
  const SupernetCost cost = shared_->cost(key);
  context_.state.counts.trained += cost.trained;
  context_.state.counts.evaluated += cost.evaluated;
  context_.state.save();
  shared_->take(key, context_.run.files().supernet(group.name));
  context_.state.clock.at_least(SearchPhase::supernets, shared_seconds());
  context_.state.clock.enter(SearchPhase::candidates);
  context_.state.save();
  remove_file(context_.run.files().unfinished_supernet());
  context_.status.log(fmt::format("supernet {}: that of another run, of {}", group.name, duration_text(cost.seconds)));
  context_.work.supernet_done(group);
  return true;
}

// What this one took is what the run's supernets took in all, less the others.
void Supernets::share(const SupernetGroup& group) const {
  if (!shared_) return;
  const std::string key = shared_key(group);
  if (shared_->has(key)) return;
  std::vector<TrainingRow> rows;
  for (const TrainingRow& row : read_trainings(CsvTable::read(context_.run.files().training())))
    if (row.training == supernet_training(group)) rows.push_back(row);
  const double seconds = context_.state.clock.by_phase().at(name_of(SearchPhase::supernets)) - shared_seconds();
  const SupernetCost cost{seconds, images_trained(), images_evaluated(group)};
  shared_->add(key, context_.run.files().supernet(group.name), cost, rows);
}

double Supernets::shared_seconds() const {
  double seconds = 0;
  for (const SupernetGroup& group : groups_) {
    if (!finished(group)) continue;
    const std::string key = shared_key(group);
    if (shared_->has(key)) seconds += shared_->cost(key).seconds;
  }
  return seconds;
}

std::int64_t Supernets::images_trained() const {
  return context_.experiment.supernet.steps * context_.experiment.supernet.batch;
}

std::int64_t Supernets::images_evaluated(const SupernetGroup& group) const {
  return static_cast<std::int64_t>(group.data.size()) * context_.store.size(Split::validation);
}

std::int64_t Supernets::images() const {
  std::int64_t images = 0;
  for (const SupernetGroup& group : groups_)
    if (finished(group)) images += images_trained() + images_evaluated(group);
  return images;
}

// Test images are looked at before anything is trained, so that unreadable ones do not end a search at its end.
void Supernets::prepare_all_images(const SupernetGroup& group) {
  for (const DataConfiguration& data : group.data) {
    prepare_images(context_.store, data);
    if (count() == 0) context_.store.evaluation(Split::test, data);
  }
  context_.data_log.update();
}

const Network& Supernets::get(const DataConfiguration& data) {
  const SupernetGroup& group = group_of(groups_, data);
  if (network_ && name_ == group.name) return *network_;
  network_.reset();
  Metadata metadata;
  network_.emplace(load_supernet(context_.backend, file_of(group), group.largest(), metadata));
  name_ = group.name;
  return *network_;
}

std::filesystem::path Supernets::file_of(const SupernetGroup& group) const {
  const auto changed = changed_by_.find(group.name);
  const RunFiles& files = context_.run.files();
  return changed == changed_by_.end() ? files.supernet(group.name)
                                      : files.changed_supernet(group.name, changed->second);
}

void Supernets::change(const DataConfiguration& data, const Network& candidate, const LayerList& layers,
                       std::int64_t id) {
  const SupernetGroup& group = group_of(groups_, data);
  get(data);
  network_->put_back(candidate, layers);
  changed_by_[group.name] = id;
  save_checkpoint(file_of(group), *network_, metadata(group));
}

void Supernets::forget_superseded() const {
  std::set<std::filesystem::path> last;
  for (const auto& [name, id] : changed_by_) last.insert(context_.run.files().changed_supernet(name, id));
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(context_.run.files().changed_supernets()))
    if (!last.contains(entry.path())) others.push_back(entry.path());
  for (const std::filesystem::path& other : others) remove_file(other);
}

// False where search.hours end before the last step.
bool Supernets::train(SystemTrainer& trainer, Network& network, const SupernetGroup& group) {
  const TrainingSettings& settings = context_.experiment.supernet;
  const Training training = supernet_training(group);
  const std::string name = training.text();
  TrainingLog log(training, [&](const TrainingRow& row) {
    context_.run.append_training(row);
    context_.state.save_now_and_then();
  });
  Optimizer optimizer(context_.backend, network, settings);
  const bool first = count() == 0;
  std::int64_t done = 0;
  if (const auto state = unfinished_state(context_.run, group)) {
    state->load(network, optimizer.state());
    const std::filesystem::path file = context_.run.files().unfinished_supernet();
    done = step_of(*state, file, context_.experiment);
    log.restore(state->metadata(), file.string());
  }
  const GroupSchedule schedule(context_.experiment, group, context_.classes());
  Stopwatch since_saved;
  const auto after_step = [&](const StepReport& report) {
    done = report.step + 1;
    log.add(report);
    context_.status.progress(name, done, settings.steps,
                             static_cast<double>(done) / static_cast<double>(settings.steps));
    const bool stop = context_.status.interrupted() || (!first && context_.out_of_time());
    if (stop || done == settings.steps || since_saved.seconds() >= state_seconds_) {
      save_state(network, optimizer, group, done, log);
      since_saved.lap();
    }
    return !stop;
  };
  if (done < settings.steps)
    trainer.train(
        network, optimizer, settings, [&](std::int64_t step) { return schedule.stream(step); }, done, after_step,
        schedule.slices());
  context_.status.stop_if_interrupted();
  if (done < settings.steps)
    context_.status.log(fmt::format("search.hours ended after {} of {} steps of {}", done, settings.steps, name));
  return done == settings.steps;
}

// A state that is not finite could not be read again: an earlier one stays, and the training ends where it is looked at
// next.
void Supernets::save_state(const Network& network, const Optimizer& optimizer, const SupernetGroup& group,
                           std::int64_t step, const TrainingLog& log) {
  if (!finite(context_.backend, network.weights()) || !finite(context_.backend, optimizer.state())) return;
  Metadata state = metadata(group);
  state.merge(log.state());
  state["step"] = std::to_string(step);
  context_.state.save();  // a training that goes on from there has the rows before it
  save_checkpoint(context_.run.files().unfinished_supernet(), network, state, optimizer.state());
}

// Statistics in the file are those of the largest resolution.
void Supernets::finish(SystemTrainer& trainer, Network& network, const SupernetGroup& group) {
  const Experiment& experiment = context_.experiment;
  Metadata finished = metadata(group);
  finished["stage"] = name_of(ModelStage::supernet);
  std::string accuracies;
  for (const DataConfiguration& data : group.data) {
    const LayerList layers = layers_of(data);
    if (!experiment.switches.keep_statistics) trainer.recalibrate(network, layers, data);
    const Metrics metrics = trainer.evaluate(network, layers, data, Split::validation);
    if (!std::isfinite(metrics.loss)) throw Diverged("evaluation", "loss", metrics.loss);
    finished["validation_accuracy"] = fmt::format("{}", metrics.accuracy);
    accuracies += (accuracies.empty() ? "" : ", ") + percent_text(metrics.accuracy);
    if (group.data.size() > 1) accuracies += " of " + data.text();
  }
  save_checkpoint(context_.run.files().supernet(group.name), network, finished);
  context_.status.log(fmt::format("supernet {}: {} steps of {}{}, validation accuracy {}", group.name,
                                  experiment.supernet.steps, experiment.supernet.batch,
                                  slices_text({experiment, group, context_.classes()}, experiment), accuracies));
}

}  // namespace danas
