#include "nas/published_depths.hpp"

#include <vector>

namespace danas {

// Both lists are made once: a stage that is emptied on the way is not filled again.
std::array<int, 5> repair_depth(std::array<int, 5> depth) {
  std::vector<std::size_t> empty, filled;  // the next filled stage to take from is the last
  for (std::size_t stage = 0; stage < depth.size(); ++stage) (depth[stage] == 0 ? empty : filled).push_back(stage);
  for (const std::size_t stage : empty) {
    if (filled.empty() || stage > filled.back()) break;
    depth[stage] = 1;
    if (--depth[filled.back()] == 0) filled.pop_back();
  }
  return depth;
}

}  // namespace danas
