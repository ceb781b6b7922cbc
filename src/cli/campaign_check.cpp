// What a campaign will take, before it runs.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/units.hpp"
#include "cli/campaign.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "cli/time_estimate.hpp"
#include "data/image_store.hpp"
#include "nas/campaign.hpp"
#include "nas/shared_supernets.hpp"
#include "nas/system_trainer.hpp"
#include "nas/work_estimate.hpp"

namespace danas {
namespace {

/// Seconds of one run: what its clock will say, of which supernets that another run trains are not spent.
struct RunTime {
  double supernets = 0, shared = 0, systems = 0, final_training = 0;

  double spent() const { return std::max(0.0, supernets + systems - shared) + final_training; }
};

class CampaignCheck {
 public:
  explicit CampaignCheck(const CheckArguments& arguments) : arguments_(arguments) {}

  void add(const CampaignRun& run) {
    const Experiment& experiment = run.experiment;
    const auto backend = open_backend(arguments_.machine, experiment.engine.precision);
    const std::shared_ptr<const Dataset> dataset = open_dataset(experiment.data, experiment.seed);
    if (!times_.contains(run.label)) times_[run.label] = estimate_time(experiment, *dataset, *backend);
    const RunTime time = time_of(experiment, times_[run.label], *dataset, *backend);
    add_caches(experiment, dataset);
    changed_bytes_ += changed_supernet_bytes(experiment, static_cast<int>(dataset->classes().size()));
    print("{:<22} supernets {}, of them shared {}; systems {}, final training {}: {}\n", run.folder(),
          duration_text(time.supernets), duration_text(time.shared), duration_text(time.systems),
          duration_text(time.final_training), duration_text(time.spent()));
    seconds_ += time.spent();
  }

  void print_sum(std::size_t runs) const {
    double caches = 0;
    for (const auto& [name, bytes] : caches_) caches += bytes;
    print("{:<22} {} for {} runs; {} of disk: caches {}, {} supernets {}{}\n", "in all", duration_text(seconds_), runs,
          mib_text(caches + supernet_bytes_ + changed_bytes_), mib_text(caches), supernets_.size(),
          mib_text(supernet_bytes_),
          changed_bytes_ > 0 ? fmt::format(", those that candidates change {}", mib_text(changed_bytes_)) : "");
  }

 private:
  // Hours end a search, supernets of others charged; final training comes after that.
  RunTime time_of(const Experiment& experiment, const TimeEstimate& estimate, const Dataset& dataset,
                  const Backend& backend) {
    RunTime time;
    const int classes = static_cast<int>(dataset.classes().size());
    const std::vector<SupernetGroup> groups = supernet_groups(experiment);
    for (std::size_t i = 0; i < estimate.supernets.size(); ++i) {
      const std::string key = supernet_key(experiment, groups[i], dataset, backend.instruction_set());
      const auto [supernet, is_new] = supernets_.emplace(key, estimate.supernets[i]);
      time.supernets += supernet->second;
      if (is_new) supernet_bytes_ += supernet_bytes(experiment, groups[i], classes);
      else time.shared += supernet->second;
    }
    const auto& search = experiment.search;
    const double limit = search.hours ? std::max(0.0, *search.hours * 3600 - time.supernets) : 1e300;
    const double all =
        static_cast<double>(std::min(search.systems.value_or(experiment.space.size()), experiment.space.size()));
    time.systems = std::min(limit, all * estimate.system);
    time.final_training = usual_front * estimate.final_system;
    return time;
  }

  // Runs on the same images have their caches in common.
  void add_caches(const Experiment& experiment, const std::shared_ptr<const Dataset>& dataset) {
    const ImageStore store(dataset, experiment.data, image_use(experiment, search_draws(experiment)));
    for (const DataConfiguration& data : experiment.space.data_configurations())
      for (const ImageStore::Cache& cache : store.plans(data))
        caches_[{dataset->fingerprint(), cache.name}] = static_cast<double>(cache.plan.bytes);
  }

  const CheckArguments& arguments_;
  std::map<std::string, TimeEstimate> times_;  ///< by label: seeds change none
  std::map<std::string, double> supernets_;    ///< seconds, by key
  std::map<std::pair<std::uint64_t, std::string>, double> caches_;
  double seconds_ = 0, supernet_bytes_ = 0, changed_bytes_ = 0;
};

}  // namespace

int check_campaign(const CheckArguments& arguments) {
  if (arguments.model) throw expected("--machine", "an experiment", "a campaign, which is checked on this machine");
  const Campaign campaign = read_campaign(arguments.experiment.file, arguments.experiment.set);
  print("{:<22} {} ({})\n", "campaign", campaign.name, arguments.experiment.file.string());
  CampaignCheck check(arguments);
  for (const CampaignRun& run : campaign.runs) check.add(run);
  check.print_sum(campaign.runs.size());
  return 0;
}

}  // namespace danas
