#include "nas/search_loop.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/units.hpp"
#include "nas/candidate_fields.hpp"
#include "nas/summary.hpp"

namespace danas {

namespace {

std::string describe(const Candidate& candidate) {
  return fmt::format("system {} ({}), RAM {}, flash {}", candidate.id, candidate.system_text(),
                     kib_text(candidate.measures[Measure::ram_bytes]),
                     kib_text(candidate.measures[Measure::flash_bytes]));
}

std::string parents_text(const std::vector<std::int64_t>& parents) {
  std::string text;
  for (const std::int64_t parent : parents) text += (text.empty() ? "" : "+") + std::to_string(parent);
  return text;
}

std::unordered_map<std::int64_t, Candidate> by_id(const std::vector<Candidate>& candidates) {
  std::unordered_map<std::int64_t, Candidate> found;
  for (const Candidate& candidate : candidates) found.emplace(candidate.id, candidate);
  return found;
}

std::string accuracy_text(const Measures& measures) { return percent_text(measures[Measure::accuracy]); }

}  // namespace

std::string SearchLoop::run() {
  const std::unique_ptr<Strategy> strategy =
      make_strategy(context_.experiment.search, context_.experiment.space, context_.experiment.seed);
  replay(*strategy);
  forget_unfinished();
  context_.status.enter("candidates");
  explore(*strategy);
  return finish();
}

// Takes the strategy where it was, by the results on record.
void SearchLoop::replay(Strategy& strategy) {
  const std::vector<Candidate>& candidates = context_.run.candidates();
  for (std::size_t row = 0; row < candidates.size(); ++row) {
    const Candidate& candidate = candidates[row];
    const std::optional<Proposal> proposal = strategy.next();
    if (!proposal || proposal->id != candidate.id || proposal->system.text() != candidate.system_text())
      throw expected(context_.run.files().candidates().string(),
                     proposal ? fmt::format("system {}, {}", proposal->id, proposal->system.text()) : "no more rows",
                     fmt::format("{} {}; the file has been altered", candidate.id, candidate.system_text()));
    strategy.tell(candidate.fitness);
    note(candidate, row);
    context_.status.at_least(candidate.elapsed_seconds);
  }
  for (const DataConfiguration& data : context_.experiment.space.data_configurations())
    if (supernets_.finished(data)) context_.work.supernet_done(data);
}

// What a killed process had begun and is begun again must not be on record twice.
void SearchLoop::forget_unfinished() {
  std::set<Training> finished;
  std::map<Training, std::int64_t> unfinished;
  for (const DataConfiguration& data : context_.experiment.space.data_configurations()) {
    if (supernets_.finished(data)) finished.insert(supernet_training(data));
    else unfinished[supernet_training(data)] = supernets_.unfinished_steps(data);
  }
  for (const Candidate& each : context_.run.candidates()) {
    finished.insert({TrainingPhase::finetune, std::to_string(each.id)});
    if (evaluator_.has_final_model(each.id)) finished.insert({TrainingPhase::final, std::to_string(each.id)});
  }
  for (const Candidate& each : context_.run.finals()) finished.insert({TrainingPhase::final, std::to_string(each.id)});
  context_.run.keep_trainings([&](const Training& training, std::int64_t step) {
    const auto found = unfinished.find(training);
    return finished.contains(training) || (found != unfinished.end() && step <= found->second);
  });
}

bool SearchLoop::limit_reached() const {
  const auto& systems = context_.experiment.search.systems;
  return context_.out_of_time() || (systems && static_cast<std::int64_t>(context_.run.candidates().size()) >= *systems);
}

void SearchLoop::explore(Strategy& strategy) {
  for (bool first = true; !limit_reached(); first = false) {
    context_.status.stop_if_interrupted();
    const std::optional<Proposal> proposal = strategy.next();
    if (!proposal) {
      context_.status.log("every system of the search space has been evaluated");
      return;
    }
    if (first) {  // a finished run goes on
      context_.run.remove_results();
      const std::vector<std::int64_t> ids = front_.ids();
      context_.run.keep_models({ids.begin(), ids.end()});
    }
    const std::optional<Candidate> candidate = evaluate(*proposal);
    if (!candidate) return;
    strategy.tell(candidate->fitness);
    record(*candidate);
  }
}

// A network that is on record, under another width, has its results; else the evaluator's.
std::optional<Candidate> SearchLoop::evaluate(const Proposal& proposal) {
  const auto known = evaluated_.find(networks_.network(proposal.system));
  std::optional<Candidate> candidate =
      known == evaluated_.end() ? evaluator_.evaluate(proposal) : context_.run.candidates()[known->second];
  if (!candidate) return std::nullopt;
  if (known != evaluated_.end()) {
    candidate->twin_of = candidate->id;
    candidate->train_seconds = candidate->eval_seconds = 0;
    if (candidate->outcome == Outcome::evaluated) candidate->outcome = Outcome::twin;
  }
  candidate->id = proposal.id;
  candidate->generation = proposal.generation;
  candidate->origin = proposal.origin;
  candidate->parents = parents_text(proposal.parents);
  set_system(*candidate, proposal.system);
  return candidate;
}

// Whether the row's system joins the front.
bool SearchLoop::note(const Candidate& candidate, std::size_t row) {
  evaluated_.emplace(networks_.network(system_of(candidate)), row);
  context_.work.candidate_done();
  return candidate.competes() && front_.insert(candidate.id, candidate.measures);
}

// The model is saved before the row that speaks of it.
void SearchLoop::record(Candidate candidate) {
  const bool on_front = note(candidate, context_.run.candidates().size());
  if (on_front) evaluator_.save_model(candidate);
  candidate.elapsed_seconds = context_.status.elapsed();
  context_.run.append_candidate(candidate);
  if (on_front)
    for (const std::int64_t id : front_.left()) context_.run.remove_model(id);
  context_.status.save();
  tell(candidate, on_front);
}

void SearchLoop::tell(const Candidate& candidate, bool on_front) {
  std::string text = describe(candidate);
  if (candidate.twin_of != 0) text += fmt::format(", the same network as system {}", candidate.twin_of);
  if (candidate.outcome == Outcome::diverged) text += ": diverged";
  else text += fmt::format(": validation accuracy {}", accuracy_text(candidate.measures));
  if (on_front) text += ", on the front";
  else if (!candidate.fits()) text += ", over the limits";
  context_.status.log(text);
}

std::vector<Candidate> SearchLoop::final_front() {
  const std::vector<Candidate>& candidates = context_.run.candidates();
  const Objectives& objectives = context_.experiment.search.objectives;
  const std::vector<std::size_t> front = front_within_limits(candidates, objectives);
  const auto known = by_id(context_.run.finals());
  context_.work.final_begins(static_cast<std::int64_t>(front.size()));
  std::vector<Candidate> trained;
  for (const std::size_t i : front) {
    context_.status.stop_if_interrupted();
    if (const auto found = known.find(candidates[i].id); found != known.end()) {
      trained.push_back(found->second);
    } else {
      trained.push_back(evaluator_.train_further(candidates[i]));
      context_.run.append_final(trained.back());
      context_.status.save();
      context_.status.log(fmt::format("{}: validation accuracy {} after final training", describe(trained.back()),
                                      accuracy_text(trained.back().measures)));
    }
    context_.work.final_done();
  }
  std::vector<Candidate> result;  // training may have changed who dominates whom
  for (const std::size_t i : front_within_limits(trained, objectives)) result.push_back(trained[i]);
  for (const Candidate& candidate : result) evaluator_.restore_final(candidate);
  return result;
}

std::vector<FrontRow> SearchLoop::test(const std::vector<Candidate>& front) {
  const auto known = by_id(context_.run.tests());
  std::vector<FrontRow> tested;
  for (const Candidate& candidate : front) {
    const auto found = known.find(candidate.id);
    const Candidate on_test = found != known.end() ? found->second : evaluator_.test(candidate);
    tested.push_back({candidate, on_test.measures});
    if (found != known.end()) continue;
    context_.data_log.update();  // before the row that may be resumed behind
    context_.run.append_test(on_test);
  }
  return tested;
}

// The counts of images in the summary are those of the sets that are open: the same whatever this session needed.
void SearchLoop::open_first_images() {
  if (context_.run.candidates().empty()) return;
  const DataConfiguration data = system_of(context_.run.candidates().front()).data;
  context_.trainer.prepare(data);
  context_.store.evaluation(Split::test, data.resolution);
  context_.data_log.update();
}

std::string SearchLoop::finish() {
  context_.status.enter("final");
  const std::vector<FrontRow> front = test(final_front());
  context_.data_log.update();
  if (const auto summary = context_.run.summary()) {  // a finished run, resumed with nothing left to do
    tell_result(front);
    return *summary;
  }
  open_first_images();
  context_.run.write_front(front);
  std::set<std::int64_t> ids;
  for (const FrontRow& row : front) ids.insert(row.id);
  context_.run.keep_models(ids);
  context_.status.save();
  const std::string summary = summary_text(summarize(context_, front, supernets_.count()));
  tell_result(front);
  context_.run.write_summary(summary);
  return summary;
}

void SearchLoop::tell_result(const std::vector<FrontRow>& front) {
  const Device& device = context_.experiment.device;
  if (const FrontRow* best = best_of(front)) {
    context_.status.log(fmt::format("{} systems on the front; best: {}, accuracy {} on validation, {} on test",
                                    front.size(), describe(*best), accuracy_text(best->measures),
                                    accuracy_text(*best->test)));
    return;
  }
  const Candidate* closest = closest_to_limits(context_.run.candidates(), device.limits());
  if (closest == nullptr) return context_.status.log("every system diverged: lower learning_rate of [finetune]");
  context_.status.log(fmt::format("no system fits the {} ({} KiB RAM, {} KiB flash); the closest is {}", device.name,
                                  device.ram_kib, device.flash_kib, describe(*closest)));
}

}  // namespace danas
