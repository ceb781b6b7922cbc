// How much of what a device leaves room for a run's systems cover: one number for a front.
#pragma once

#include <optional>
#include <vector>

#include "report/run.hpp"

namespace danas::report {

/// The share of the box between chance and the device's limits that the systems cover, by accuracy, RAM and flash. None
/// without systems, or where the run does not say its limits or how many classes there are.
std::optional<double> front_volume(const Run& run, const std::vector<Measures>& systems);

}  // namespace danas::report
