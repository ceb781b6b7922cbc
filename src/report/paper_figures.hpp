// The figures of the paper, from runs alone: which of them these runs give, each with its meaning there.
#pragma once

#include <string>
#include <vector>

#include "report/chart.hpp"
#include "report/comparison.hpp"

namespace danas::report {

struct Figure {
  std::string id;           ///< name of its files: "figure-6-images"
  std::string caption;      ///< "Figure 6: …"
  bool wall_clock = false;  ///< shows times, which are not the same twice
  Chart chart;
};

struct PaperFigures {
  std::vector<Figure> figures;        ///< by number
  std::vector<std::string> left_out;  ///< "Figure 10: no naive runs on images"
};

/// 2, 3: F1 against flash on sounds; 4, 5, 8, 9: accuracy against RAM and flash; 6: fitness over the search; 7: the share of
/// the front found; 10: what it takes to reach an accuracy. Over a search: against time and against images.
PaperFigures paper_figures(const Comparison& comparison);

}  // namespace danas::report
