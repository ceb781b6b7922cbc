// Files built into the program by base/embed.cpp: report.html, campaign.html, report.css, report.js, chart.min.js.
#pragma once

#include <string_view>

namespace danas::report {

/// Content of the file of that name; empty where there is none.
std::string_view asset(std::string_view name);

}  // namespace danas::report
