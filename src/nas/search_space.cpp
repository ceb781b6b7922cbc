#include "nas/search_space.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"
#include "nas/published_depths.hpp"

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

template <class Value>
std::vector<Value> sorted_set(std::vector<Value> values, const char* name) {
  std::sort(values.begin(), values.end());
  if (values.empty()) throw expected(std::string("search space, ") + name, "at least one value", "none");
  if (std::adjacent_find(values.begin(), values.end()) != values.end())
    throw expected(std::string("search space, ") + name, "different values", "the same one twice");
  return values;
}

std::vector<DataConfiguration> squares(const std::vector<int>& resolutions, const std::vector<Color>& colors) {
  std::vector<DataConfiguration> data;
  for (const int resolution : resolutions)
    for (const Color color : colors) data.emplace_back(resolution, color);
  return data;
}

template <class Value>
std::int64_t position(const std::vector<Value>& values, const Value& value) {
  const auto found = std::find(values.begin(), values.end(), value);
  return found == values.end() ? -1 : found - values.begin();
}

}  // namespace

SearchSpace::SearchSpace()
    : SearchSpace({32, 64, 96, 128, 160, 192, 224}, {Color::monochrome, Color::rgb},
                  {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}, full_depth) {}

SearchSpace::SearchSpace(std::vector<int> resolutions, std::vector<Color> colors, std::vector<double> widths,
                         std::array<int, 5> most_blocks)
    : SearchSpace(squares(sorted_set(std::move(resolutions), "resolution"), sorted_set(std::move(colors), "color")),
                  std::move(widths), most_blocks) {}

SearchSpace::SearchSpace(std::vector<DataConfiguration> data, std::vector<double> widths,
                         std::array<int, 5> most_blocks)
    : data_(sorted_set(std::move(data), "data configurations")), widths_(sorted_set(std::move(widths), "width")),
      most_blocks_(most_blocks) {
  for (std::size_t stage = 0; stage < most_blocks.size(); ++stage)
    if (most_blocks[stage] < 0 || most_blocks[stage] > full_depth[stage])
      throw expected("search space, depth", "at most " + depth_text(full_depth) + " blocks",
                     std::to_string(most_blocks[stage]));
  // What stands after a removed stage is never reached.
  std::fill(std::find(most_blocks_.begin(), most_blocks_.end(), 0), most_blocks_.end(), 0);
  list_depths({0, 0, 0, 0, 0}, 0, most_blocks_, depths_);
}

std::int64_t SearchSpace::size() const {
  return static_cast<std::int64_t>(data_.size()) * static_cast<std::int64_t>(depths_.size()) *
         static_cast<std::int64_t>(widths_.size());
}

std::int64_t SearchSpace::index(const System& system) const {
  const std::int64_t data = position(data_, system.data);
  const std::int64_t depth = position(depths_, system.architecture.depth);
  const std::int64_t width = position(widths_, system.architecture.width);
  if (data < 0 || depth < 0 || width < 0) return -1;
  return (data * static_cast<std::int64_t>(depths_.size()) + depth) * static_cast<std::int64_t>(widths_.size()) + width;
}

bool SearchSpace::contains(const System& system) const { return index(system) >= 0; }

System SearchSpace::at(std::int64_t index) const {
  if (index < 0 || index >= size())
    throw expected("SearchSpace::at", "an index below " + std::to_string(size()), std::to_string(index));
  const auto widths = static_cast<std::int64_t>(widths_.size()), depths = static_cast<std::int64_t>(depths_.size());
  const auto width = static_cast<std::size_t>(index % widths);
  const auto depth = static_cast<std::size_t>(index / widths % depths);
  const auto data = static_cast<std::size_t>(index / widths / depths);
  return {data_[data], {depths_[depth], widths_[width]}};
}

System SearchSpace::sample(Random& random) const {
  System system = at(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size()))));
  if (repairs_) {
    for (std::size_t stage = 0; stage < most_blocks_.size(); ++stage)
      system.architecture.depth[stage] =
          static_cast<int>(random.below(static_cast<std::uint64_t>(most_blocks_[stage]) + 1));
    system.architecture.depth = repair_depth(system.architecture.depth);
  }
  return system;
}

void SearchSpace::mutate_data(System& system, Random& random) const {
  const DataConfiguration before = system.data;
  do system.data = data_[random.below(data_.size())];
  while (system.data == before);
}

// Ends: from any depth vector one step is feasible, taking a block from the last stage or adding one to the first.
void SearchSpace::mutate_depth(System& system, Random& random) const {
  const std::array<int, 5> before = system.architecture.depth;
  std::array<int, 5>& depth = system.architecture.depth;
  do {
    depth = before;
    const int step = random.below(2) == 0 ? -1 : 1;
    const std::size_t stage = random.below(before.size());
    depth[stage] += step;
    if (repairs_ && depth[stage] >= 0 && depth[stage] <= most_blocks_[stage]) depth = repair_depth(depth);
  } while (!feasible(depth, most_blocks_) || depth == before);
}

void SearchSpace::mutate_width(System& system, Random& random) const {
  const std::int64_t before = position(widths_, system.architecture.width);
  std::int64_t after;
  do after = before + (random.below(2) == 0 ? -1 : 1);
  while (after < 0 || after >= static_cast<std::int64_t>(widths_.size()));
  system.architecture.width = widths_[static_cast<std::size_t>(after)];
}

System SearchSpace::mutate(const System& parent, Random& random) const {
  if (!contains(parent)) throw expected("SearchSpace::mutate", "a system of the search space", parent.text());
  System child = parent;
  if (size() == 1) return child;
  for (;;) {  // a kind of move that this space does not have is drawn again as another one
    const double kind = random.uniform();
    if (kind < 0.4) {
      if (data_.size() == 1) continue;
      mutate_data(child, random);
    } else if (kind < 0.8) {
      if (depths_.size() == 1) continue;
      mutate_depth(child, random);
    } else {
      if (widths_.size() == 1) continue;
      mutate_width(child, random);
    }
    return child;
  }
}

System SearchSpace::cross(const System& a, const System& b, Random& random) const {
  const auto pick = [&]() -> const System& { return random.below(2) == 0 ? a : b; };
  System child;
  child.data = pick().data;
  child.architecture.depth = pick().architecture.depth;
  child.architecture.width = pick().architecture.width;
  return child;
}

}  // namespace danas
