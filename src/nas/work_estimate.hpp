// How far a search is: work (nn/cost.hpp) done and still to come.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "nas/experiment.hpp"

namespace danas {

constexpr double usual_front = 6;  // systems, before the front is known

class WorkEstimate {
 public:
  WorkEstimate(const Experiment& experiment, int classes, std::int64_t validation_images, const Backend& like);

  void supernet_begins(const DataConfiguration& data) { current_ = &supernet_work_.at(data); }
  void supernet_ends() { current_ = nullptr; }
  void supernet_done(const DataConfiguration& data) { supernets_.insert(data); }
  void candidate_done() { ++candidates_; }
  void final_begins(std::int64_t systems) {
    in_final_ = true;
    final_systems_ = systems;
  }
  void final_done() { ++finals_; }

  /// Share of the whole search, in [0, 1]: of the work by the number of systems, or of the time where that runs out
  /// first. `unfinished` is the share done of the supernet or system at hand.
  double share(double elapsed_seconds, double unfinished) const;

 private:
  double share_in_search(double elapsed_seconds, double unfinished, double trained) const;

  SearchSettings search_;
  double systems_ = 0;  ///< to be evaluated if time allows
  std::map<DataConfiguration, double> supernet_work_;
  double candidate_work_ = 0;        ///< of one system, on average, those that are skipped included
  double final_work_ = 0;            ///< of one that is trained
  const double* current_ = nullptr;  ///< work of the supernet in training
  std::set<DataConfiguration> supernets_;
  std::int64_t candidates_ = 0, finals_ = 0, final_systems_ = 0;
  bool in_final_ = false;
};

}  // namespace danas
