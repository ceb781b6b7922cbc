#include "report/front.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

namespace danas::report {

std::vector<std::size_t> front_within_limits(const std::vector<Candidate>& candidates) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (candidates[i].fits()) order.push_back(i);
  // Whoever dominates a system, or equals it and came first, stands before it.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Candidate &x = candidates[a], &y = candidates[b];
    return std::tie(y.scores.accuracy, x.ram_bytes, x.flash_bytes, a) <
           std::tie(x.scores.accuracy, y.ram_bytes, y.flash_bytes, b);
  });
  std::vector<std::size_t> front;
  std::map<long long, long long> least_flash;  // by RAM: flash falls as RAM rises
  for (const std::size_t i : order) {
    const long long ram = candidates[i].ram_bytes, flash = candidates[i].flash_bytes;
    auto above = least_flash.upper_bound(ram);
    if (above != least_flash.begin() && std::prev(above)->second <= flash) continue;
    front.push_back(i);
    while (above != least_flash.end() && above->second >= flash) above = least_flash.erase(above);
    least_flash[ram] = flash;
  }
  std::sort(front.begin(), front.end());
  return front;
}

std::vector<std::pair<long long, double>> staircase(const std::vector<Candidate>& candidates,
                                                    long long Candidate::*bytes) {
  std::map<long long, double> best;
  for (const Candidate& c : candidates)
    if (c.fits()) {
      double& accuracy = best.try_emplace(c.*bytes, c.scores.accuracy).first->second;
      accuracy = std::max(accuracy, c.scores.accuracy);
    }
  std::vector<std::pair<long long, double>> corners;
  for (const auto& corner : best)
    if (corners.empty() || corner.second > corners.back().second) corners.push_back(corner);
  return corners;
}

}  // namespace danas::report
