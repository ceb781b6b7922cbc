// The slices of MobileNetV2 that a search may choose: depth vectors × widths.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "nn/architecture.hpp"

namespace danas {

/// Feasible depths: a stage of 0 blocks is followed by zeros only; 0 everywhere is allowed (the head then sits after
/// stage 2). See SearchSpace for what architectures of every kind can do.
class SliceSpace {
 public:
  /// With `repairs` depths are drawn stage by stage and moves may leave the feasible ones: both are repaired then
  /// (published_depths.hpp).
  SliceSpace(std::vector<double> widths, std::array<int, 5> most_blocks, bool repairs = false);

  const std::vector<std::array<int, 5>>& depths() const { return depths_; }
  const std::vector<double>& widths() const { return widths_; }
  std::array<int, 5> most_blocks() const { return most_blocks_; }  ///< of stages 3 to 7; zeros after the first 0

  std::int64_t size() const;
  bool moves() const { return size() > 1; }
  Architecture at(std::int64_t index) const;
  std::int64_t index(const Architecture& architecture) const;
  void redraw(Architecture& architecture, Random& random) const;
  /// 40 % one depth ±1, 20 % width one step up or down.
  bool mutate(Architecture& architecture, double move, Random& random) const;
  /// Depth from one, width from one.
  Architecture cross(const Architecture& a, const Architecture& b, Random& random) const;
  /// Every depth and the width from one: not always feasible.
  Architecture cross_genes(const Architecture& a, const Architecture& b, Random& random) const;

 private:
  void mutate_depth(Slice& slice, Random& random) const;

  std::vector<std::array<int, 5>> depths_;
  std::vector<double> widths_;
  std::array<int, 5> most_blocks_;
  bool repairs_;
};

}  // namespace danas
