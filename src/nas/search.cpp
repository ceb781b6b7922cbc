#include "nas/search.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/evaluation.hpp"
#include "nas/summary.hpp"

namespace danas {

namespace {

class Search {
 public:
  explicit Search(SearchContext& context) : context_(context), supernets_(context), evaluation_(context, supernets_) {}

  std::string run() {
    const std::unique_ptr<Strategy> strategy =
        make_strategy(context_.experiment.search, context_.experiment.space, context_.experiment.seed);
    replay(*strategy);
    forget_unfinished();
    context_.status.enter("candidates");
    explore(*strategy);
    return finish();
  }

 private:
  void replay(Strategy& strategy);
  void forget_unfinished();
  void explore(Strategy& strategy);
  bool limit_reached() const;
  void record(const Evaluation::Result& result);
  std::set<std::int64_t> front_ids() const;
  std::string finish();
  std::vector<Candidate> final_front();
  std::vector<Candidate> test(const std::vector<Candidate>& front);
  void tell_result(const std::vector<Candidate>& front, const std::vector<Candidate>& tests);

  SearchContext& context_;
  Supernets supernets_;
  Evaluation evaluation_;
};

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }
std::string kib(long long bytes) { return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024); }

std::string describe(const Candidate& candidate) {
  return fmt::format("system {} ({}), RAM {}, flash {}", candidate.id, candidate.system.text(),
                     kib(candidate.resources.ram_bytes), kib(candidate.resources.flash_bytes));
}

const Candidate* find(const std::vector<Candidate>& candidates, std::int64_t id) {
  const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& c) { return c.id == id; });
  return found == candidates.end() ? nullptr : &*found;
}

// Takes the strategy where it was, by the results on record.
void Search::replay(Strategy& strategy) {
  for (const Candidate& candidate : context_.run.candidates()) {
    const std::optional<Proposal> proposal = strategy.next();
    if (!proposal || proposal->id != candidate.id || proposal->system != candidate.system)
      throw expected((context_.run.path() / "candidates.csv").string(),
                     proposal ? fmt::format("system {}, {}", proposal->id, proposal->system.text()) : "no more rows",
                     fmt::format("{} {}; the file has been altered", candidate.id, candidate.system.text()));
    strategy.tell(candidate.fitness);
    context_.status.at_least(candidate.elapsed_seconds);
    context_.work.candidate_done();
  }
  for (const DataConfiguration& data : context_.experiment.space.data_configurations())
    if (supernets_.finished(data)) context_.work.supernet_done(data);
}

// What a killed process had begun and is begun again must not be on record twice.
void Search::forget_unfinished() {
  std::set<std::string> finished;
  std::map<std::string, std::int64_t> unfinished;
  for (const DataConfiguration& data : context_.experiment.space.data_configurations()) {
    if (supernets_.finished(data)) finished.insert(supernet_training_name(data));
    else unfinished[supernet_training_name(data)] = supernets_.unfinished_steps(data);
  }
  for (const Candidate& each : context_.run.candidates()) {
    finished.insert(fmt::format("finetune {}", each.id));
    if (evaluation_.has_final_model(each.id)) finished.insert(fmt::format("final {}", each.id));
  }
  for (const Candidate& each : context_.run.finals()) finished.insert(fmt::format("final {}", each.id));
  context_.run.keep_trainings([&](const std::string& training, std::int64_t step) {
    const auto found = unfinished.find(training);
    return finished.contains(training) || (found != unfinished.end() && step <= found->second);
  });
}

bool Search::limit_reached() const {
  const auto& systems = context_.experiment.search.systems;
  return context_.out_of_time() ||
         (systems && static_cast<std::int64_t>(context_.run.candidates().size()) >= *systems);
}

std::set<std::int64_t> Search::front_ids() const {
  std::set<std::int64_t> ids;
  const std::vector<Candidate>& candidates = context_.run.candidates();
  for (const std::size_t i : front_within_limits(candidates)) ids.insert(candidates[i].id);
  return ids;
}

void Search::explore(Strategy& strategy) {
  for (bool first = true; !limit_reached(); first = false) {
    context_.status.stop_if_interrupted();
    const std::optional<Proposal> proposal = strategy.next();
    if (!proposal) {
      context_.status.log("every system of the search space has been evaluated");
      return;
    }
    if (first) {  // a finished run goes on
      context_.run.remove_results();
      context_.run.keep_models(front_ids());
    }
    const std::optional<Evaluation::Result> result = evaluation_.evaluate(*proposal);
    if (!result) return;
    strategy.tell(result->candidate.fitness);
    record(*result);
  }
}

// The model is saved before the row that speaks of it.
void Search::record(const Evaluation::Result& result) {
  Candidate candidate = result.candidate;
  std::vector<Candidate> all = context_.run.candidates();
  all.push_back(candidate);
  const std::vector<std::size_t> front = front_within_limits(all);
  const bool on_front = !front.empty() && front.back() + 1 == all.size();
  if (on_front) evaluation_.save_model(result.network, candidate, "finetuned");
  candidate.elapsed_seconds = context_.status.elapsed();
  context_.run.append_candidate(candidate);
  if (on_front) context_.run.keep_models(front_ids());
  context_.work.candidate_done();
  context_.status.save();
  context_.status.log(fmt::format("{}: validation accuracy {}{}", describe(candidate),
                                  percent(candidate.metrics.accuracy),
                                  on_front                      ? ", on the front"
                                  : candidate.violation.none() ? ""
                                                               : ", over the limits"));
}

std::vector<Candidate> Search::final_front() {
  const std::vector<Candidate>& candidates = context_.run.candidates();
  const std::vector<std::size_t> front = front_within_limits(candidates);
  context_.work.final_begins(static_cast<std::int64_t>(front.size()));
  std::vector<Candidate> trained;
  for (const std::size_t i : front) {
    context_.status.stop_if_interrupted();
    const Candidate* known = find(context_.run.finals(), candidates[i].id);
    if (known != nullptr) {
      trained.push_back(*known);
    } else {
      trained.push_back(evaluation_.train_further(candidates[i]));
      context_.run.append_final(trained.back());
      context_.status.save();
      context_.status.log(fmt::format("{}: validation accuracy {} after final training", describe(trained.back()),
                                      percent(trained.back().metrics.accuracy)));
    }
    context_.work.final_done();
  }
  std::vector<Candidate> result;  // training may have changed who dominates whom
  for (const std::size_t i : front_within_limits(trained)) result.push_back(trained[i]);
  for (const Candidate& candidate : result) evaluation_.restore_final(candidate);
  return result;
}

std::vector<Candidate> Search::test(const std::vector<Candidate>& front) {
  std::vector<Candidate> tests;
  for (const Candidate& candidate : front) {
    const Candidate* known = find(context_.run.tests(), candidate.id);
    tests.push_back(known != nullptr ? *known : evaluation_.test(candidate));
    if (known != nullptr) continue;
    context_.data_log.update();  // before the row that may be resumed behind
    context_.run.append_test(tests.back());
  }
  return tests;
}

std::string Search::finish() {
  context_.status.enter("final");
  const std::vector<Candidate> front = final_front();
  const std::vector<Candidate> tests = test(front);
  context_.data_log.update();
  if (const auto summary = context_.run.summary()) {  // a finished run, resumed with nothing left to do
    tell_result(front, tests);
    return *summary;
  }
  context_.run.write_front(front, tests);
  std::set<std::int64_t> ids;
  for (const Candidate& candidate : front) ids.insert(candidate.id);
  context_.run.keep_models(ids);
  context_.status.save();
  const std::string summary = summary_json(context_, front, tests, supernets_.count());
  tell_result(front, tests);
  context_.run.write_summary(summary);
  return summary;
}

void Search::tell_result(const std::vector<Candidate>& front, const std::vector<Candidate>& tests) {
  const Device& device = context_.experiment.device;
  const std::ptrdiff_t best = best_of(front);
  if (best >= 0) {
    const auto index = static_cast<std::size_t>(best);
    context_.status.log(fmt::format("{} systems on the front; best: {}, accuracy {} on validation, {} on test",
                                    front.size(), describe(front[index]), percent(front[index].metrics.accuracy),
                                    percent(tests[index].metrics.accuracy)));
    return;
  }
  const Candidate* closest = closest_to_limits(context_.run.candidates(), device);
  context_.status.log(fmt::format("no system fits the {} ({} KiB RAM, {} KiB flash){}", device.name, device.ram_kib,
                                  device.flash_kib,
                                  closest == nullptr ? "" : "; the closest is " + describe(*closest)));
}

void tell_space(SearchStatus& status, const Experiment& experiment) {
  const Device& device = experiment.device;
  status.log(fmt::format("space: {} systems, {} supernets; device {}: {} KiB RAM, {} KiB flash",
                         experiment.space.size(), experiment.space.data_configurations().size(), device.name,
                         device.ram_kib, device.flash_kib));
}

std::string search_in(RunDirectory& run, SearchStatus& status, const Experiment& experiment, Backend& backend,
                      const SearchOptions& options, std::shared_ptr<const Dataset> dataset) {
  status.log(options.resume ? fmt::format("resumed with {} systems on record", run.candidates().size())
                            : fmt::format("danas {}, {}, run {}", DANAS_VERSION, backend.name(), run.path().string()));
  const ImageStore store(std::move(dataset), experiment.data, image_use(experiment, search_draws(experiment)),
                         [&](std::int64_t done, std::int64_t total) { status.preparing("caching images", done, total); });
  DataLog data_log(status, store);
  data_log.begin();
  tell_space(status, experiment);
  SystemTrainer trainer(experiment, store, backend);
  trainer.stop_on(options.interrupt);
  WorkEstimate work(experiment, static_cast<int>(store.dataset().classes().size()), store.size(Split::validation));
  status.attach(trainer, work);
  SearchContext context{experiment, options, backend, store, data_log, trainer, run, status, work};
  try {
    status.stop_if_interrupted();
    return Search(context).run();
  } catch (const Error& error) {
    if (error.fault() == Fault::interrupted) {
      status.save();
      status.log(fmt::format("interrupted with {} systems on record", run.candidates().size()));
    } else {
      try {
        run.log(fmt::format("failed with {} systems on record: {}", run.candidates().size(), error.what()));
      } catch (const Error&) {  // a full disk, perhaps: what failed first is what matters
      }
    }
    throw;
  }
}

}  // namespace

SearchResult run_search(const Experiment& experiment, Backend& backend, const SearchOptions& options,
                        const SearchObserver& observer) {
  const auto begin = SearchStatus::Clock::now();
  SearchResult result{false, options.directory, ""};
  std::optional<RunDirectory> run;
  const auto open_run = [&] {
    if (result.directory.empty()) result.directory = create_run_directory(experiment.name);
    run.emplace(result.directory, experiment, backend.name(), backend.instruction_set(), options.resume);
  };
  try {
    // A wrong directory ends the search before a large data set is listed.
    if (options.resume) open_run();
    else if (options.directory.empty()) check_creatable(runs_folder);
    else check_new_run(options.directory);
    const std::shared_ptr<const Dataset> dataset =
        open_dataset(experiment.data, experiment.seed, [&](std::int64_t done, std::int64_t total) {
          if (observer.progress) observer.progress("reading images", done, total, 0.0);
        });
    if (!run) open_run();
    run->check_data(dataset->fingerprint());
    SearchStatus status(*run, observer, options.interrupt, begin);
    result.summary_json = search_in(*run, status, experiment, backend, options, dataset);
  } catch (const Error& error) {
    // Unusable images leave no directory behind.
    if (error.fault() == Fault::input && run && !options.resume && run->untouched()) {
      run->remove();
      std::error_code in_use;
      if (options.directory.empty()) std::filesystem::remove(runs_folder, in_use);
    }
    if (error.fault() != Fault::interrupted) throw;
    result.interrupted = true;
  }
  return result;
}

}  // namespace danas
