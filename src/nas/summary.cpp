#include "nas/summary.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/build.hpp"

namespace danas {

using Json = nlohmann::ordered_json;

namespace {

double excess(const Candidate& candidate, const Device& device) {
  return static_cast<double>(candidate.violation.ram) / static_cast<double>(device.ram_bytes()) +
         static_cast<double>(candidate.violation.flash) / static_cast<double>(device.flash_bytes());
}

Json metrics_json(const Metrics& metrics) {
  return {{"accuracy", metrics.accuracy},
          {"precision", metrics.precision},
          {"recall", metrics.recall},
          {"f1", metrics.f1}};
}

Json system_json(const Candidate& candidate) {
  return {{"id", candidate.id},
          {"arch", candidate.system.text()},
          {"ram_bytes", candidate.resources.ram_bytes},
          {"flash_bytes", candidate.resources.flash_bytes},
          {"parameters", candidate.resources.parameters},
          {"macs", candidate.resources.macs},
          {"validation", metrics_json(candidate.metrics)}};
}

Json caches_json(const SearchStatus& status) {
  Json caches = Json::array();
  for (const auto& [set, text] : status.caches()) caches.push_back(text);
  return caches;
}

Json data_json(const ImageStore& store, const SearchStatus& status) {
  const Dataset& dataset = store.dataset();
  Json json = {{"classes", dataset.classes()}};
  if (dataset.classes().size() == 2)
    json["positive"] = dataset.classes().at(static_cast<std::size_t>(dataset.positive_class()));
  json["train"] = store.size(Split::train);
  json["validation"] = store.size(Split::validation);
  json["test"] = store.size(Split::test);
  json["unusable_files"] = store.problems().size();
  json["remarked_files"] = store.remarked();
  json["caches"] = caches_json(status);
  return json;
}

}  // namespace

std::ptrdiff_t best_of(const std::vector<Candidate>& front) {
  const auto best = std::max_element(front.begin(), front.end(), [](const Candidate& a, const Candidate& b) {
    return a.metrics.accuracy < b.metrics.accuracy;
  });
  return best == front.end() ? -1 : best - front.begin();
}

const Candidate* closest_to_limits(const std::vector<Candidate>& candidates, const Device& device) {
  const Candidate* closest = nullptr;
  for (const Candidate& candidate : candidates) {
    if (candidate.outcome == Outcome::diverged) continue;
    if (closest == nullptr || excess(candidate, device) < excess(*closest, device)) closest = &candidate;
  }
  return closest;
}

std::string summary_json(const SearchContext& context, const std::vector<Candidate>& front,
                         const std::vector<Candidate>& tests, std::int64_t supernets) {
  Json json;
  const std::ptrdiff_t best = best_of(front);
  if (best >= 0) {
    json["best"] = system_json(front[static_cast<std::size_t>(best)]);
    json["best"]["test"] = metrics_json(tests[static_cast<std::size_t>(best)].metrics);
  } else {
    json["best"] = nullptr;
    const Candidate* closest = closest_to_limits(context.run.candidates(), context.experiment.device);
    if (closest != nullptr) json["closest"] = system_json(*closest);
  }
  json["front_size"] = front.size();
  const std::vector<Candidate>& candidates = context.run.candidates();
  json["systems"] = candidates.size();
  json["networks"] = std::count_if(candidates.begin(), candidates.end(), [](auto& c) { return c.twin_of == 0; });
  json["diverged"] = std::count_if(candidates.begin(), candidates.end(),
                                   [](auto& c) { return c.outcome == Outcome::diverged; });
  json["supernets"] = supernets;
  json["images_trained"] = context.status.images_trained();
  json["images_evaluated"] = context.status.images_evaluated();
  json["seconds"] = context.status.seconds();
  json["peak_memory_mib"] = context.status.peak_memory_mib();
  json["device"] = context.backend.name();
  json["target"] = context.experiment.device.name;
  json["version"] = version();
  json["data"] = data_json(context.store, context.status);
  return json.dump(2) + "\n";
}

}  // namespace danas
