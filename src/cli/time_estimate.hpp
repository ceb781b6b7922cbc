// How long the parts of a search will take, from a short measurement of the machine at hand, and what its supernets take of
// the disk.
#pragma once

#include <vector>

#include "data/dataset.hpp"
#include "nas/supernet_group.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// Seconds, without the making of caches; one network after another, as candidates that change their supernet must be.
struct TimeEstimate {
  std::vector<double> supernets;  ///< each, in the order of supernet_groups()
  double system = 0;        ///< to train a candidate, recalibrate and evaluate it: the mean of some that are drawn
  double final_system = 0;  ///< the same in final training
};

TimeEstimate estimate_time(const Experiment& experiment, const Dataset& dataset, Backend& backend);

double supernet_bytes(const Experiment& experiment, const SupernetGroup& group, int classes);
/// Where candidates change their supernets: a copy of each, and one that takes the place of the last.
double changed_supernet_bytes(const Experiment& experiment, int classes);

}  // namespace danas
