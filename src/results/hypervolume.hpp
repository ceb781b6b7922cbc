// How much of what is possible a set of systems covers: one number for a front (Zitzler and Thiele, 1998).
#pragma once

#include <vector>

#include "results/pareto_front.hpp"

namespace danas {

/// The share, in [0, 1], of the box between `worst` and the ideal (scores of 1, needs of 0) in which every point is
/// dominated by one of the systems. `worst` has every objective, each other than its ideal: chance and a device's limits,
/// say; systems that are not better than it in all objectives add nothing. Exact, whatever the order of the systems.
double hypervolume(const std::vector<Measures>& systems, const Objectives& objectives, const Measures& worst);

}  // namespace danas
