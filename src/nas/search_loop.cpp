#include "nas/search_loop.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_set>

#include "base/error.hpp"
#include "base/joined.hpp"
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

Result result_of(const Candidate& candidate, const Experiment& experiment) {
  Result result{candidate.fitness, candidate.measures, 0};
  if (candidate.competes(experiment.switches.admit_violators)) return result;
  result.excess = candidate.fits() ? std::numeric_limits<double>::infinity()
                                   : relative_excess(candidate.violation, experiment.device.limits());
  return result;
}

std::string accuracy_text(const Measures& measures) { return percent_text(measures[Measure::accuracy]); }

}  // namespace

std::string SearchLoop::run() {
  const Experiment& experiment = context_.experiment;
  const std::unique_ptr<Strategy> strategy =
      make_strategy(experiment.search, experiment.space, experiment.search_seed(), switches());
  replay(*strategy);
  forget_unfinished();
  context_.state.clock.enter(SearchPhase::candidates);
  explore(*strategy);
  return finish();
}

// Takes the strategy where it was, by the results on record.
void SearchLoop::replay(Strategy& strategy) {
  const std::vector<Candidate>& candidates = context_.run.candidates();
  for (std::size_t row = 0; row < candidates.size(); ++row) {
    const Candidate& candidate = candidates[row];
    const std::vector<Proposal> next = strategy.next(1);
    if (next.empty() || next[0].id != candidate.id || next[0].system.text() != candidate.system_text())
      throw expected(context_.run.files().candidates().string(),
                     next.empty() ? "no more rows" : fmt::format("system {}, {}", next[0].id, next[0].system.text()),
                     fmt::format("{} {}; the file has been altered", candidate.id, candidate.system_text()));
    strategy.tell(candidate.id, result_of(candidate, context_.experiment));
    note(candidate, row);
    context_.state.clock.at_least(candidate.elapsed_seconds);
  }
  for (const SupernetGroup& group : supernets_.groups())
    if (supernets_.finished(group)) context_.work.supernet_done(group);
}

// What a killed process had begun and is begun again must not be on record twice.
void SearchLoop::forget_unfinished() {
  supernets_.remove_ended_state();
  std::set<Training> finished;
  std::map<Training, std::int64_t> unfinished;
  for (const SupernetGroup& group : supernets_.groups()) {
    if (supernets_.finished(group)) finished.insert(supernet_training(group));
    else unfinished[supernet_training(group)] = supernets_.unfinished_steps(group);
  }
  for (const Candidate& each : context_.run.candidates()) {
    finished.insert({candidate_phase(context_.experiment), std::to_string(each.id)});
    if (evaluator_.has_final_model(each.id)) finished.insert({TrainingPhase::final, std::to_string(each.id)});
  }
  for (const Candidate& each : context_.run.finals()) finished.insert({TrainingPhase::final, std::to_string(each.id)});
  context_.run.keep_trainings([&](const Training& training, std::int64_t step) {
    const auto found = unfinished.find(training);
    return finished.contains(training) || (found != unfinished.end() && step <= found->second);
  });
}

// The search leaves at least one system, however long it takes.
std::int64_t SearchLoop::systems_left() const {
  const auto recorded = static_cast<std::int64_t>(context_.run.candidates().size());
  if (recorded > 0 && context_.out_of_time()) return 0;
  return context_.experiment.search.systems.value_or(std::numeric_limits<std::int64_t>::max()) - recorded;
}

void SearchLoop::explore(Strategy& strategy) {
  for (bool first = true; systems_left() > 0; first = false) {
    context_.status.stop_if_interrupted();
    const auto population = static_cast<std::int64_t>(context_.experiment.search.population);
    const std::vector<Proposal> proposals = strategy.next(std::min(systems_left(), population));
    if (proposals.empty()) {
      context_.status.log("every system of the search space has been evaluated");
      return;
    }
    if (first) {  // a finished run goes on
      context_.run.remove_results();
      const std::vector<std::int64_t> ids = front_.ids();
      context_.run.keep_models({ids.begin(), ids.end()});
    }
    evaluate(proposals, strategy);
    context_.state.save();
  }
}

// Whether a network has one result, whenever it is evaluated; published generations ask for it anew all the same.
bool SearchLoop::evaluates_once() const { return !switches().breed_in_order && !switches().change_supernet; }

bool SearchLoop::on_record(const System& system) const {
  return evaluates_once() && evaluated_.contains(networks_.network(system));
}

// A network that is on record, under another width, or comes before in this generation, has its results.
void SearchLoop::evaluate(const std::vector<Proposal>& proposals, Strategy& strategy) {
  std::vector<Proposal> unknown;
  std::unordered_set<std::int64_t> begun;
  for (const Proposal& proposal : proposals) {
    const bool first = begun.insert(networks_.network(proposal.system)).second || !evaluates_once();
    if (first && !on_record(proposal.system)) unknown.push_back(proposal);
  }
  auto next = proposals.begin();
  const auto record_twins = [&] {
    for (; next != proposals.end() && on_record(next->system); ++next) record(*next, twin(*next), strategy);
  };
  record_twins();
  evaluator_.evaluate(unknown, [&](const Candidate& candidate) {
    record(*next++, candidate, strategy);
    record_twins();
  });
}

Candidate SearchLoop::twin(const Proposal& proposal) const {
  Candidate candidate = context_.run.candidates()[evaluated_.at(networks_.network(proposal.system))];
  candidate.twin_of = candidate.id;
  candidate.train_seconds = candidate.eval_seconds = 0;
  set_system(candidate, proposal.system);
  set_needs(candidate, context_.experiment, context_.classes());  // of an unfused network they depend on its width
  set_fitness(candidate, context_.experiment);
  if (candidate.outcome == Outcome::evaluated) candidate.outcome = Outcome::twin;
  return candidate;
}

// Whether the row's system joins the front.
bool SearchLoop::note(const Candidate& candidate, std::size_t row) {
  evaluated_.emplace(networks_.network(system_of(candidate)), row);
  context_.work.candidate_done();
  if (candidate.twin_of == 0 && !candidate.skipped()) ++trained_;
  return candidate.competes(switches().admit_violators) && front_.insert(candidate.id, candidate.measures);
}

// The model is saved before the row that speaks of it.
void SearchLoop::record(const Proposal& proposal, Candidate candidate, Strategy& strategy) {
  candidate.id = proposal.id;
  candidate.generation = proposal.generation;
  candidate.origin = proposal.origin;
  candidate.parents = parents_text(proposal.parents);
  set_system(candidate, proposal.system);
  strategy.tell(candidate.id, result_of(candidate, context_.experiment));
  const bool on_front = note(candidate, context_.run.candidates().size());
  if (on_front) evaluator_.save_model(candidate);
  candidate.elapsed_seconds = context_.state.clock.elapsed();
  candidate.images = images();
  context_.run.append_candidate(candidate);
  if (on_front)
    for (const std::int64_t id : front_.left()) context_.run.remove_model(id);
  context_.state.save_now_and_then();
  tell(candidate, on_front);
}

// Unlike what is counted as it happens, the same however often the search was stopped, and whatever lanes are at.
std::int64_t SearchLoop::images() const {
  const TrainingSettings& settings = context_.experiment.candidate_training();
  const std::int64_t system =
      settings.steps * settings.batch + context_.store.size(context_.experiment.selection_split());
  return trained_ * system + supernets_.images();
}

void SearchLoop::tell(const Candidate& candidate, bool on_front) {
  std::string text = describe(candidate);
  if (candidate.twin_of != 0) text += fmt::format(", the same network as system {}", candidate.twin_of);
  if (candidate.outcome == Outcome::diverged || candidate.skipped())
    text += fmt::format(": {}", name_of(candidate.outcome));
  else text += fmt::format(": {} accuracy {}", candidate.split, accuracy_text(candidate.measures));
  if (on_front) text += ", on the front";
  else if (!candidate.fits() && !candidate.skipped()) text += ", over the limits";
  context_.status.log(text);
}

std::vector<Candidate> SearchLoop::final_front() {
  const std::vector<Candidate>& candidates = context_.run.candidates();
  const Objectives& objectives = context_.experiment.search.objectives;
  const std::vector<std::size_t> front = front_of(candidates, objectives, switches().admit_violators);
  const auto known = by_id(context_.run.finals());
  context_.work.final_begins(static_cast<std::int64_t>(front.size()));
  std::vector<Candidate> unknown;
  for (const std::size_t i : front) {
    if (known.contains(candidates[i].id)) context_.work.final_done();
    else unknown.push_back(candidates[i]);
  }
  evaluator_.train_further(unknown, [&](const Candidate& candidate) {
    context_.run.append_final(candidate);
    context_.work.final_done();
    context_.state.save_now_and_then();
    context_.status.log(fmt::format("{}: {} accuracy {} after final training", describe(candidate), candidate.split,
                                    accuracy_text(candidate.measures)));
  });
  if (!unknown.empty()) context_.state.save();
  const auto finals = by_id(context_.run.finals());
  std::vector<Candidate> trained;
  for (const std::size_t i : front) trained.push_back(finals.at(candidates[i].id));
  std::vector<Candidate> result;  // training may have changed who dominates whom
  for (const std::size_t i : front_of(trained, objectives, switches().admit_violators)) result.push_back(trained[i]);
  evaluator_.restore_final(result);
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
  prepare_images(context_.store, data);
  context_.store.evaluation(Split::test, data);
  context_.data_log.update();
}

std::string SearchLoop::finish() {
  context_.state.clock.enter(SearchPhase::final);
  const std::vector<FrontRow> front = test(final_front());
  context_.data_log.update();
  if (const auto summary = context_.run.summary()) {  // a finished run, resumed with nothing left to do
    tell_result(front);
    return *summary;
  }
  open_first_images();
  context_.state.save();  // the rows that the front is of
  context_.run.write_front(front);
  std::set<std::int64_t> ids;
  for (const FrontRow& row : front) ids.insert(row.id);
  // Without the supernet that they were cut from they could not be made again, if the run goes on.
  if (switches().change_supernet)
    for (const std::int64_t id : front_.ids()) ids.insert(id);
  context_.run.keep_models(ids);
  context_.state.save();
  const std::string summary = summary_text(summarize(context_, front, supernets_.count()));
  tell_result(front);
  context_.run.write_summary(summary);
  return summary;
}

void SearchLoop::tell_result(const std::vector<FrontRow>& front) {
  const Device& device = context_.experiment.device;
  const std::vector<std::string> untried = untried_data(context_.experiment.space, context_.run.candidates());
  if (!untried.empty()) context_.status.log("data never tried: " + joined(untried));
  if (const FrontRow* best = best_of(front)) {
    context_.status.log(fmt::format("{} systems on the front; best: {}, accuracy {} on {}, {} on test", front.size(),
                                    describe(*best), accuracy_text(best->measures), best->split,
                                    accuracy_text(*best->test)));
    return;
  }
  const Candidate* closest = closest_to_limits(context_.run.candidates(), device.limits());
  if (closest == nullptr)
    return context_.status.log(fmt::format("every system diverged: lower learning_rate of [{}]",
                                           name_of(candidate_phase(context_.experiment))));
  context_.status.log(fmt::format("no system fits the {} ({} KiB RAM, {} KiB flash); the closest is {}", device.name,
                                  device.ram_kib, device.flash_kib, describe(*closest)));
}

}  // namespace danas
