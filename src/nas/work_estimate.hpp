// How far a search is: work (nn/cost.hpp) done and still to come.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "nas/supernet_group.hpp"

namespace danas {

constexpr double usual_front = 12;  // systems, before the front is known: 8 to 18 of searches of 28 to 120

class WorkEstimate {
 public:
  WorkEstimate(const Experiment& experiment, int classes, std::int64_t validation_images, const Backend& like);

  void supernet_begins(const SupernetGroup& group) { current_ = supernet_work_.at(group.name); }
  void supernet_ends() { current_.reset(); }
  void supernet_done(const SupernetGroup& group) { supernets_.insert(group.name); }
  void candidate_done() { ++candidates_; }
  void final_begins(std::int64_t systems) {
    in_final_ = true;
    final_systems_ = systems;
  }
  void final_done() { ++finals_; }

  double remaining() const;  ///< FLOP still to come of a search that the number of its systems ends

  /// Share of the whole search, in [0, 1]: of the work by the number of systems, or of the time where that runs out
  /// first. `unfinished` is the share done of the supernet or system at hand.
  double share(double elapsed_seconds, double unfinished) const;

 private:
  double missing_supernets() const;
  double share_in_search(double elapsed_seconds, double unfinished, double trained) const;

  SearchSettings search_;
  double systems_ = 0;                           ///< to be evaluated if time allows
  std::map<std::string, double> supernet_work_;  ///< by name
  double candidate_work_ = 0;                    ///< of one system, on average, those that are skipped included
  double final_work_ = 0;                        ///< of one that is trained
  std::optional<double> current_;                ///< work of the supernet in training
  std::set<std::string> supernets_;              ///< those that are trained
  std::int64_t candidates_ = 0, finals_ = 0, final_systems_ = 0;
  bool in_final_ = false;
};

}  // namespace danas
