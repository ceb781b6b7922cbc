#include "report/search_axis.hpp"

#include <algorithm>

namespace danas::report {

SearchAxis SearchAxis::time(const std::vector<Member>& members) {
  double longest = 0;
  for (const Member& member : members)
    for (const Candidate& c : member.run->candidates) longest = std::max(longest, c.elapsed_seconds);
  SearchAxis axis;
  axis.unit_ = longest >= 7200 ? 3600 : longest >= 120 ? 60 : 1;
  axis.label_ = longest >= 7200 ? "time, hours" : longest >= 120 ? "time, minutes" : "time, seconds";
  return axis;
}

SearchAxis SearchAxis::images(const std::vector<Member>& members) {
  std::int64_t most = 0;
  SearchAxis axis;
  for (const Member& member : members)
    for (const Candidate& c : member.run->candidates) {
      most = std::max(most, c.images);
      axis.known_ = axis.known_ && c.images > 0;
    }
  axis.is_time_ = false;
  axis.unit_ = most >= 2'000'000 ? 1e6 : most >= 2000 ? 1e3 : 1;
  axis.label_ = most >= 2'000'000 ? "images processed, millions"
                : most >= 2000    ? "images processed, thousands"
                                  : "images processed";
  return axis;
}

}  // namespace danas::report
