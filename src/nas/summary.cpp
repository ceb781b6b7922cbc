#include "nas/summary.hpp"

#include <algorithm>
#include <set>

#include "base/build.hpp"

namespace danas {

namespace {

DataSummary summarize(const ImageStore& store, const SearchState& state) {
  const Dataset& dataset = store.dataset();
  DataSummary data;
  data.classes = dataset.classes();
  data.positive = dataset.classes().at(static_cast<std::size_t>(dataset.positive_class()));
  data.train = store.size(Split::train);
  data.validation = store.size(Split::validation);
  data.test = store.size(Split::test);
  data.unusable_files = static_cast<std::int64_t>(store.problems().size());
  data.remarked_files = store.remarked();
  for (const auto& [set, text] : state.caches) data.caches.push_back(text);
  return data;
}

}  // namespace

std::vector<std::string> untried_data(const SearchSpace& space, const std::vector<Candidate>& candidates) {
  std::set<std::string> tried;
  for (const Candidate& candidate : candidates)
    if (!candidate.skipped()) tried.insert(candidate.data);
  std::vector<std::string> untried;
  for (const DataConfiguration& data : space.data_configurations())
    if (!tried.contains(data.text())) untried.push_back(data.text());
  return untried;
}

const FrontRow* best_of(const std::vector<FrontRow>& front) {
  const FrontRow* best = nullptr;
  for (const FrontRow& row : front)
    if (row.fits() && (best == nullptr || row.measures[Measure::accuracy] > best->measures[Measure::accuracy]))
      best = &row;
  return best;
}

const Candidate* closest_to_limits(const std::vector<Candidate>& candidates, const Measures& limits) {
  const Candidate* closest = nullptr;
  for (const Candidate& candidate : candidates) {
    if (candidate.outcome == Outcome::diverged) continue;
    if (closest == nullptr ||
        relative_excess(candidate.violation, limits) < relative_excess(closest->violation, limits))
      closest = &candidate;
  }
  return closest;
}

Summary summarize(const SearchContext& context, const std::vector<FrontRow>& front, std::int64_t supernets) {
  const std::vector<Candidate>& candidates = context.run.candidates();
  Summary summary;
  if (const FrontRow* best = best_of(front)) summary.best = *best;
  else if (const Candidate* closest = closest_to_limits(candidates, context.experiment.device.limits()))
    summary.closest = *closest;
  summary.front_size = static_cast<std::int64_t>(front.size());
  summary.systems = static_cast<std::int64_t>(candidates.size());
  summary.networks = std::count_if(candidates.begin(), candidates.end(), [](auto& c) { return c.twin_of == 0; });
  summary.diverged =
      std::count_if(candidates.begin(), candidates.end(), [](auto& c) { return c.outcome == Outcome::diverged; });
  summary.supernets = supernets;
  summary.untried = untried_data(context.experiment.space, candidates);
  summary.images_trained = context.state.counts.trained;
  summary.images_evaluated = context.state.counts.evaluated;
  summary.seconds = context.state.clock.by_phase();
  summary.seconds["total"] = context.state.clock.elapsed();
  summary.peak_memory_mib = context.state.peak_memory_mib();
  summary.device = context.backend.name();
  summary.target = context.experiment.device.name;
  summary.version = version();
  summary.data = summarize(context.store, context.state);
  return summary;
}

}  // namespace danas
