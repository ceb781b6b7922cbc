// What the charts of the report draw, as JSON for its script.
#pragma once

#include <string>
#include <vector>

#include "report/run.hpp"

namespace danas::report {

/// One JSON object, safe inside a <script> element: every < is written \u003c.
std::string chart_data(const std::vector<Run>& runs);

struct CurvePoint {
  double step = 0, loss = 0, accuracy = 0;
};  ///< loss may be nan or inf

/// At most `most` points, each the mean of equally many neighbors.
std::vector<CurvePoint> thinned(const std::vector<TrainingRow>& rows, std::size_t most);

/// "64-monochrome", "64-rgb", "96-rgb" …: those of all runs, by resolution, then by name.
std::vector<std::string> data_configurations(const std::vector<Run>& runs);

}  // namespace danas::report
