// The front of one run as a picture that needs no script.
#pragma once

#include "report/chart.hpp"
#include "report/run.hpp"

namespace danas::report {

/// Accuracy against RAM: a point a system by data configuration, large where it was trained to the end, hollow where it is
/// over a limit, the best within a given RAM as a step line, the device's limit as a vertical line.
Chart front_chart(const Run& run);

}  // namespace danas::report
