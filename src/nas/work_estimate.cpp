#include "nas/work_estimate.hpp"

#include <algorithm>
#include <cmath>

#include "nas/prospect.hpp"
#include "nas/training_memory.hpp"
#include "nn/cost.hpp"
#include "nn/mobilenet_v2.hpp"

namespace danas {

namespace {

constexpr int sampled_systems = 64;

}  // namespace

WorkEstimate::WorkEstimate(const Experiment& experiment, int classes, std::int64_t validation_images,
                           const Backend& like)
    : search_(experiment.search) {
  const SearchSpace& space = experiment.space;
  systems_ = static_cast<double>(std::min(search_.systems.value_or(space.size()), space.size()));
  for (const SupernetGroup& group : supernet_groups(experiment))
    supernet_work_[group.name] = GroupSchedule(experiment, group, classes).work();
  Random random(experiment.seed, "estimate");
  const double evaluated = static_cast<double>(search_.recalibration_images + validation_images);
  const double memory = candidates_memory(experiment, classes, like, like.usable_bytes());
  const std::vector<LayerList> trained = Prospects{experiment, classes, like, memory}.sample(random, sampled_systems);
  for (const LayerList& layers : trained) {
    const double measuring = evaluation_work(layers, evaluated);
    candidate_work_ += (training_work(layers, experiment.candidate_training()) + measuring) / sampled_systems;
    final_work_ += (training_work(layers, experiment.final_training) + measuring) / static_cast<double>(trained.size());
  }
}

double WorkEstimate::missing_supernets() const {
  if (supernet_work_.empty()) return 0;
  const auto count = static_cast<double>(supernet_work_.size());
  double all = 0;
  for (const auto& [name, work] : supernet_work_) all += work;
  const double touched = count * (1 - std::pow(1 - 1 / count, systems_));  // supernets that random systems need
  return std::max(0.0, touched - static_cast<double>(supernets_.size())) * all / count;
}

double WorkEstimate::remaining() const {
  const double systems = std::max(0.0, systems_ - static_cast<double>(candidates_));
  return missing_supernets() + candidate_work_ * systems + final_work_ * usual_front;
}

double WorkEstimate::share_in_search(double elapsed_seconds, double unfinished, double trained) const {
  const double work = trained + missing_supernets() + candidate_work_ * systems_;
  double done = trained + candidate_work_ * static_cast<double>(candidates_);
  done += unfinished * current_.value_or(candidate_work_);
  const double whole = std::max(work, done) + final_work_ * usual_front;
  double share = whole > 0 ? done / whole : 0;
  if (search_.hours) share = std::max(share, elapsed_seconds / (*search_.hours * 3600) * work / whole);
  return share;
}

double WorkEstimate::share(double elapsed_seconds, double unfinished) const {
  double trained = 0;
  for (const std::string& name : supernets_) trained += supernet_work_.at(name);
  if (!in_final_) return std::clamp(share_in_search(elapsed_seconds, unfinished, trained), 0.0, 1.0);
  const double searched = trained + candidate_work_ * static_cast<double>(candidates_);
  const double done = searched + final_work_ * (static_cast<double>(finals_) + unfinished);
  const double whole = searched + final_work_ * static_cast<double>(final_systems_);
  return whole > 0 ? std::clamp(done / whole, 0.0, 1.0) : 1;
}

}  // namespace danas
