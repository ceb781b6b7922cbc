// The front as a static picture, for a README or a paper.
#pragma once

#include <filesystem>
#include <string>

#include "report/run.hpp"

namespace danas {

/// Accuracy against RAM of one run directory: a point a system by data configuration, large where it was trained to the
/// end, hollow where it is over a limit, the best within a given RAM as a step line, the device's limit as a vertical
/// line. Throws Error naming the file that is missing or broken.
void write_front_svg(const std::filesystem::path& run, const std::filesystem::path& svg);

namespace report {

std::string front_svg(const Run& run);

}  // namespace report

}  // namespace danas
