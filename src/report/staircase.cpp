#include "report/staircase.hpp"

#include <algorithm>
#include <map>

namespace danas::report {

std::vector<std::pair<long long, double>> staircase(const std::vector<Candidate>& candidates, Measure need,
                                                    Measure score) {
  std::map<long long, double> best;
  for (const Candidate& c : candidates)
    if (c.fits()) {
      const double value = c.measures[score];
      double& most = best.try_emplace(c.measures.count(need), value).first->second;
      most = std::max(most, value);
    }
  std::vector<std::pair<long long, double>> corners;
  for (const auto& corner : best)
    if (corners.empty() || corner.second > corners.back().second) corners.push_back(corner);
  return corners;
}

}  // namespace danas::report
