#include "nas/supernets.hpp"

#include <fmt/core.h>

#include <cmath>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/number.hpp"
#include "base/stopwatch.hpp"
#include "base/units.hpp"
#include "nas/model_file.hpp"
#include "nas/slice_schedule.hpp"
#include "results/model_stage.hpp"

namespace danas {

namespace {

const std::string& entry(const Checkpoint& checkpoint, const std::string& key, const std::filesystem::path& path) {
  const auto found = checkpoint.metadata().find(key);
  if (found == checkpoint.metadata().end()) throw expected(path.string(), "the metadata key " + key, "none");
  return found->second;
}

// An empty result: no state, or that of another supernet.
std::optional<Checkpoint> unfinished_state(const RunDirectory& run, const DataConfiguration& data) {
  const std::filesystem::path file = run.files().unfinished_supernet();
  if (!std::filesystem::exists(file)) return std::nullopt;
  Checkpoint checkpoint(file);
  if (entry(checkpoint, "data", file) != data.text()) return std::nullopt;
  check_preparation(checkpoint.metadata(), data, file);
  return checkpoint;
}

std::int64_t step_of(const Checkpoint& checkpoint, const std::filesystem::path& path) {
  return parse_number<std::int64_t>(entry(checkpoint, "step", path), path.string());
}

// What its steps cost, counted in steps of the whole network.
std::string slices_text(const SliceSchedule& slices, const Experiment& experiment) {
  if (!slices.source()) return "";
  return fmt::format(" ({}, the multiply-adds of {:.0f} of the whole network)", name_of(experiment.slices.scheme),
                     slices.share_of_full() * static_cast<double>(experiment.supernet.steps));
}

}  // namespace

// What a killed process did beyond what is on record will be done again.
Supernets::Supernets(SearchContext& context, double state_seconds, const std::filesystem::path& shared)
    : context_(context), state_seconds_(state_seconds) {
  if (context.experiment.switches.change_supernet) {
    make_folder(context.run.files().changed_supernets());
    for (const Candidate& candidate : context.run.candidates())
      if (candidate.outcome == Outcome::evaluated) changed_by_[candidate.data] = candidate.id;
    forget_superseded();
  }
  if (shared.empty()) return;
  shared_.emplace(shared);
  context_.state.clock.at_least(SearchPhase::supernets, shared_seconds());
}

Training supernet_training(const DataConfiguration& data) { return {TrainingPhase::supernet, data.text()}; }

bool Supernets::finished(const DataConfiguration& data) const {
  return std::filesystem::exists(context_.run.files().supernet(data.text()));
}

std::int64_t Supernets::count() const {
  std::int64_t count = 0;
  for (const DataConfiguration& data : context_.experiment.space.data_configurations()) count += finished(data);
  return count;
}

std::int64_t Supernets::unfinished_steps(const DataConfiguration& data) const {
  const auto state = unfinished_state(context_.run, data);
  return state ? step_of(*state, context_.run.files().unfinished_supernet()) : 0;
}

void Supernets::remove_ended_state() const {
  for (const DataConfiguration& data : context_.experiment.space.data_configurations())
    if (finished(data) && unfinished_state(context_.run, data)) remove_file(context_.run.files().unfinished_supernet());
}

Network Supernets::untrained(const DataConfiguration& data) const {
  return {context_.backend,
          supernet_layers(data.input(), context_.experiment.space.slices().most_blocks(), context_.classes()),
          stream_number(context_.experiment.seed, "weights " + data.text())};
}

Metadata Supernets::metadata(const DataConfiguration& data) const {
  Metadata metadata = class_metadata(data, context_.store.dataset());
  metadata["data"] = data.text();
  metadata["depth"] = depth_text(context_.experiment.space.slices().most_blocks());
  return metadata;
}

bool Supernets::prepare(const DataConfiguration& data) {
  if (finished(data)) {
    share(data);
    return true;
  }
  network_.reset();
  SearchClock& clock = context_.state.clock;
  clock.enter(SearchPhase::data);
  prepare_all_images(data);
  if (take_shared(data)) return true;
  clock.enter(SearchPhase::supernets);
  context_.work.supernet_begins(data);
  Network network = untrained(data);
  try {
    SystemTrainer trainer = context_.trainer_on(context_.backend);
    const bool trained = train(trainer, network, data);
    if (trained) finish(trainer, network, data);
    clock.enter(SearchPhase::candidates);
    context_.work.supernet_ends();
    if (!trained) return false;
  } catch (const Diverged& error) {
    throw Error(supernet_training(data).text(), std::string(error.what()) + " of [supernet]", Fault::failure);
  }
  context_.state.save();
  remove_file(context_.run.files().unfinished_supernet());
  share(data);
  context_.work.supernet_done(data);
  network_.emplace(std::move(network));
  data_ = data;
  return true;
}

std::string Supernets::shared_key(const DataConfiguration& data) const {
  return supernet_key(context_.experiment, data, context_.store.dataset(), context_.backend.instruction_set());
}

// The file comes last, as it says that the supernet is there; its cost is then known whenever a session begins.
bool Supernets::take_shared(const DataConfiguration& data) {
  if (!shared_) return false;
  const std::string key = shared_key(data);
  if (!shared_->has(key)) return false;
  for (const TrainingRow& row : shared_->rows(key)) context_.run.append_training(row);
  const SupernetCost cost = shared_->cost(key);
  context_.state.counts.trained += cost.trained;
  context_.state.counts.evaluated += cost.evaluated;
  context_.state.save();
  shared_->take(key, context_.run.files().supernet(data.text()));
  context_.state.clock.at_least(SearchPhase::supernets, shared_seconds());
  context_.state.clock.enter(SearchPhase::candidates);
  context_.state.save();
  remove_file(context_.run.files().unfinished_supernet());
  context_.status.log(fmt::format("supernet {}: that of another run, of {}", data.text(), duration_text(cost.seconds)));
  context_.work.supernet_done(data);
  return true;
}

// What this one took is what the run's supernets took in all, less the others.
void Supernets::share(const DataConfiguration& data) const {
  if (!shared_) return;
  const std::string key = shared_key(data);
  if (shared_->has(key)) return;
  std::vector<TrainingRow> rows;
  for (const TrainingRow& row : read_trainings(CsvTable::read(context_.run.files().training())))
    if (row.training == supernet_training(data)) rows.push_back(row);
  const double seconds = context_.state.clock.by_phase().at(name_of(SearchPhase::supernets)) - shared_seconds();
  const TrainingSettings& settings = context_.experiment.supernet;
  const std::int64_t trained = settings.steps * settings.batch;
  const SupernetCost cost{seconds, trained, images() - trained};
  shared_->add(key, context_.run.files().supernet(data.text()), cost, rows);
}

double Supernets::shared_seconds() const {
  double seconds = 0;
  for (const DataConfiguration& data : context_.experiment.space.data_configurations()) {
    if (!finished(data)) continue;
    const std::string key = shared_key(data);
    if (shared_->has(key)) seconds += shared_->cost(key).seconds;
  }
  return seconds;
}

std::int64_t Supernets::images() const {
  const TrainingSettings& settings = context_.experiment.supernet;
  return settings.steps * settings.batch + context_.store.size(Split::validation);
}

// Test images are looked at before anything is trained, so that unreadable ones do not end a search at its end.
void Supernets::prepare_all_images(const DataConfiguration& data) {
  prepare_images(context_.store, data);
  if (count() == 0) context_.store.evaluation(Split::test, data);
  context_.data_log.update();
}

const Network& Supernets::get(const DataConfiguration& data) {
  if (network_ && data_ == data) return *network_;
  network_.reset();
  Metadata metadata;
  network_.emplace(load_supernet(context_.backend, file_of(data), data, metadata));
  data_ = data;
  return *network_;
}

std::filesystem::path Supernets::file_of(const DataConfiguration& data) const {
  const auto changed = changed_by_.find(data.text());
  const RunFiles& files = context_.run.files();
  return changed == changed_by_.end() ? files.supernet(data.text())
                                      : files.changed_supernet(data.text(), changed->second);
}

void Supernets::change(const DataConfiguration& data, const Network& candidate, const LayerList& layers,
                       std::int64_t id) {
  get(data);
  network_->put_back(candidate, layers);
  changed_by_[data.text()] = id;
  save_checkpoint(file_of(data), *network_, metadata(data));
}

void Supernets::forget_superseded() const {
  std::set<std::filesystem::path> last;
  for (const auto& [data, id] : changed_by_) last.insert(context_.run.files().changed_supernet(data, id));
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(context_.run.files().changed_supernets()))
    if (!last.contains(entry.path())) others.push_back(entry.path());
  for (const std::filesystem::path& other : others) remove_file(other);
}

// False where search.hours end before the last step.
bool Supernets::train(SystemTrainer& trainer, Network& network, const DataConfiguration& data) {
  const TrainingSettings& settings = context_.experiment.supernet;
  const Training training = supernet_training(data);
  const std::string name = training.text();
  TrainingLog log(training, [&](const TrainingRow& row) {
    context_.run.append_training(row);
    context_.state.save_now_and_then();
  });
  Optimizer optimizer(context_.backend, network, settings);
  const bool first = count() == 0;
  std::int64_t done = 0;
  if (const auto state = unfinished_state(context_.run, data)) {
    state->load(network, optimizer.state());
    const std::filesystem::path file = context_.run.files().unfinished_supernet();
    done = step_of(*state, file);
    log.restore(state->metadata(), file.string());
  }
  const SliceSchedule slices(context_.experiment, data, context_.classes());
  Stopwatch since_saved;
  const auto after_step = [&](const StepReport& report) {
    done = report.step + 1;
    log.add(report);
    context_.status.progress(name, done, settings.steps,
                             static_cast<double>(done) / static_cast<double>(settings.steps));
    const bool stop = context_.status.interrupted() || (!first && context_.out_of_time());
    if (stop || done == settings.steps || since_saved.seconds() >= state_seconds_) {
      save_state(network, optimizer, data, done, log);
      since_saved.lap();
    }
    return !stop;
  };
  if (done < settings.steps)
    trainer.train(network, optimizer, settings, data, stream_number(context_.experiment.seed, name), done, after_step,
                  slices.source());
  context_.status.stop_if_interrupted();
  if (done < settings.steps)
    context_.status.log(fmt::format("search.hours ended after {} of {} steps of {}", done, settings.steps, name));
  return done == settings.steps;
}

// A state that is not finite could not be read again: an earlier one stays, and the training ends where it is looked at
// next.
void Supernets::save_state(const Network& network, const Optimizer& optimizer, const DataConfiguration& data,
                           std::int64_t step, const TrainingLog& log) {
  if (!finite(context_.backend, network.weights()) || !finite(context_.backend, optimizer.state())) return;
  Metadata state = metadata(data);
  state.merge(log.state());
  state["step"] = std::to_string(step);
  context_.state.save();  // a training that goes on from there has the rows before it
  save_checkpoint(context_.run.files().unfinished_supernet(), network, state, optimizer.state());
}

void Supernets::finish(SystemTrainer& trainer, Network& network, const DataConfiguration& data) {
  if (!context_.experiment.switches.keep_statistics) trainer.recalibrate(network, network.layers(), data);
  const Metrics metrics = trainer.evaluate(network, network.layers(), data, Split::validation);
  if (!std::isfinite(metrics.loss)) throw Diverged("evaluation", "loss", metrics.loss);
  Metadata finished = metadata(data);
  finished["stage"] = name_of(ModelStage::supernet);
  finished["validation_accuracy"] = fmt::format("{}", metrics.accuracy);
  save_checkpoint(context_.run.files().supernet(data.text()), network, finished);
  const Experiment& experiment = context_.experiment;
  const std::string slices = slices_text({experiment, data, context_.classes()}, experiment);
  context_.status.log(fmt::format("supernet {}: {} steps of {}{}, validation accuracy {}", data.text(),
                                  experiment.supernet.steps, experiment.supernet.batch, slices,
                                  percent_text(metrics.accuracy)));
}

}  // namespace danas
