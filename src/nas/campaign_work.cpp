#include "nas/campaign_work.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "nas/shared_supernets.hpp"
#include "nas/work_estimate.hpp"

namespace danas {

namespace {

// Of a head so small that their number does not matter, and of a validation split that is not known yet.
constexpr int classes = 2, validation_images = 1000;

std::string supernet_of(const Experiment& experiment, const SupernetGroup& group) {
  return experiment.data.path.string() + '\n' + supernet_recipe(experiment, group);
}

std::vector<double> works_of(const Campaign& campaign, const Backend& like) {
  std::map<std::string, WorkEstimate> by_label;  // seeds change no work
  std::set<std::string> trained;
  std::vector<double> works;
  for (const CampaignRun& run : campaign.runs) {
    WorkEstimate work = by_label.try_emplace(run.label, run.experiment, classes, validation_images, like).first->second;
    for (const SupernetGroup& group : supernet_groups(run.experiment))
      if (!trained.insert(supernet_of(run.experiment, group)).second) work.supernet_done(group);
    works.push_back(work.remaining());
  }
  return works;
}

}  // namespace

std::vector<double> shares_before(const Campaign& campaign, const Backend& like) {
  const bool timed = std::ranges::any_of(
      campaign.runs, [](const CampaignRun& run) { return run.experiment.search.hours.has_value(); });
  std::vector<double> before{0};
  for (const double work : timed ? std::vector<double>(campaign.runs.size(), 1) : works_of(campaign, like))
    before.push_back(before.back() + work);
  const double whole = before.back();
  if (whole > 0) std::ranges::for_each(before, [&](double& share) { share /= whole; });
  return before;
}

}  // namespace danas
