#include "nas/slice_space.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "nas/published_depths.hpp"
#include "nas/value_list.hpp"

namespace danas {

namespace {

bool feasible(const std::array<int, 5>& depth, const std::array<int, 5>& most_blocks) {
  bool ended = false;
  for (std::size_t stage = 0; stage < depth.size(); ++stage) {
    if (depth[stage] < 0 || depth[stage] > most_blocks[stage] || (ended && depth[stage] > 0)) return false;
    ended = ended || depth[stage] == 0;
  }
  return true;
}

void list_depths(std::array<int, 5> depth, std::size_t stage, const std::array<int, 5>& most_blocks,
                 std::vector<std::array<int, 5>>& depths) {
  if (stage == depth.size()) {
    depths.push_back(depth);
    return;
  }
  depths.push_back(depth);  // the network ends before this stage
  for (int blocks = 1; blocks <= most_blocks[stage]; ++blocks) {
    depth[stage] = blocks;
    list_depths(depth, stage + 1, most_blocks, depths);
  }
}

}  // namespace

SliceSpace::SliceSpace(std::vector<double> widths, std::array<int, 5> most_blocks, bool repairs)
    : widths_(sorted_set(std::move(widths), "width")), most_blocks_(most_blocks), repairs_(repairs) {
  for (std::size_t stage = 0; stage < most_blocks.size(); ++stage)
    if (most_blocks[stage] < 0 || most_blocks[stage] > full_depth[stage])
      throw expected("search space, depth", "at most " + depth_text(full_depth) + " blocks",
                     std::to_string(most_blocks[stage]));
  // What stands after a removed stage is never reached.
  std::fill(std::find(most_blocks_.begin(), most_blocks_.end(), 0), most_blocks_.end(), 0);
  list_depths({0, 0, 0, 0, 0}, 0, most_blocks_, depths_);
}

std::int64_t SliceSpace::size() const {
  return static_cast<std::int64_t>(depths_.size()) * static_cast<std::int64_t>(widths_.size());
}

std::int64_t SliceSpace::index(const Architecture& architecture) const {
  if (!architecture.is_slice()) return -1;
  const std::int64_t depth = position(depths_, architecture.slice().depth);
  const std::int64_t width = position(widths_, architecture.slice().width);
  return depth < 0 || width < 0 ? -1 : depth * static_cast<std::int64_t>(widths_.size()) + width;
}

Architecture SliceSpace::at(std::int64_t index) const {
  const auto widths = static_cast<std::int64_t>(widths_.size());
  return {depths_[static_cast<std::size_t>(index / widths)], widths_[static_cast<std::size_t>(index % widths)]};
}

void SliceSpace::redraw(Architecture& architecture, Random& random) const {
  if (!repairs_) return;
  Slice slice = architecture.slice();
  for (std::size_t stage = 0; stage < most_blocks_.size(); ++stage)
    slice.depth[stage] = static_cast<int>(random.below(static_cast<std::uint64_t>(most_blocks_[stage]) + 1));
  slice.depth = repair_depth(slice.depth);
  architecture = slice;
}

// Ends: from any depth vector one step is feasible, taking a block from the last stage or adding one to the first.
void SliceSpace::mutate_depth(Slice& slice, Random& random) const {
  const std::array<int, 5> before = slice.depth;
  std::array<int, 5>& depth = slice.depth;
  do {
    depth = before;
    const int step = random.below(2) == 0 ? -1 : 1;
    const std::size_t stage = random.below(before.size());
    depth[stage] += step;
    if (repairs_ && depth[stage] >= 0 && depth[stage] <= most_blocks_[stage]) depth = repair_depth(depth);
  } while (!feasible(depth, most_blocks_) || depth == before);
}

bool SliceSpace::mutate(Architecture& architecture, double move, Random& random) const {
  Slice slice = architecture.slice();
  if (move < 0.8) {
    if (depths_.size() == 1) return false;
    mutate_depth(slice, random);
  } else {
    if (widths_.size() == 1) return false;
    slice.width = neighbor(widths_, slice.width, random);
  }
  architecture = slice;
  return true;
}

Architecture SliceSpace::cross(const Architecture& a, const Architecture& b, Random& random) const {
  const auto pick = [&]() -> const Slice& { return random.below(2) == 0 ? a.slice() : b.slice(); };
  Slice child;
  child.depth = pick().depth;
  child.width = pick().width;
  return child;
}

Architecture SliceSpace::cross_genes(const Architecture& a, const Architecture& b, Random& random) const {
  const auto pick = [&]() -> const Slice& { return random.below(2) == 0 ? a.slice() : b.slice(); };
  Slice child;
  for (std::size_t stage = 0; stage < child.depth.size(); ++stage) child.depth[stage] = pick().depth[stage];
  child.width = pick().width;
  return child;
}

}  // namespace danas
