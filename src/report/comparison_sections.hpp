// Parts of the report on several runs as HTML that needs no script. Every text from a file is escaped here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/comparison.hpp"

namespace danas::report {

/// The paper's figures that these runs give, and which are left out.
std::string paper_section(const Comparison& comparison);
/// The paper's claims beside these runs.
std::string claims_section(const Comparison& comparison);
/// What switches do; empty where no runs tell.
std::string ablation_section(const Comparison& comparison);
/// Hardware-aware search by its data configuration; empty where it has one alone.
std::string inputs_section(const Comparison& comparison);
/// Whether searches rank systems as training from scratch does; empty where no runs tell.
std::string rank_section(const Comparison& comparison);
/// What searches leave unfound of spaces that were evaluated whole; empty where there are none.
std::string regret_section(const Comparison& comparison);
/// Table 1: the devices that systems on images were searched for.
std::string devices_section(const Comparison& comparison);
/// What every run took: images a system, time by phase.
std::string efficiency_section(const Comparison& comparison);
/// The best system of each run, with a link to its report. `page` is the folder that the report is written to.
std::string runs_section(const Comparison& comparison, const std::filesystem::path& page);

}  // namespace danas::report
