// The one way in which pictures of the report are drawn, for the page and for a paper.
#pragma once

#include <filesystem>
#include <string>

#include "report/chart.hpp"

namespace danas::report {

std::string chart_svg(const Chart& chart);  ///< with what is told of marks where the pointer is
std::string chart_pdf(const Chart& chart);

/// STEM.svg, STEM.pdf and STEM.csv. Throws Error (Fault::failure).
void write_chart(const Chart& chart, const std::filesystem::path& stem);

}  // namespace danas::report
