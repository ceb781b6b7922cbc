// Search space: data configurations × depth vectors × widths, and moves within it that stay feasible.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "nn/architecture.hpp"

namespace danas {

/// [space] of an experiment file. Feasible depths: a stage of 0 blocks is followed by zeros only; 0 everywhere is
/// allowed (the head then sits after stage 2). The full space has 14 × 268 × 10 = 37,520 systems.
class SearchSpace {
 public:
  SearchSpace();  ///< the paper's
  SearchSpace(std::vector<int> resolutions, std::vector<Color> colors, std::vector<double> widths,
              std::array<int, 5> most_blocks);
  SearchSpace(std::vector<DataConfiguration> data, std::vector<double> widths, std::array<int, 5> most_blocks);

  /// From now on depths are drawn stage by stage and moves may leave the feasible ones: both are repaired then
  /// (published_depths.hpp).
  void repair_depths() { repairs_ = true; }

  const std::vector<DataConfiguration>& data_configurations() const { return data_; }
  const std::vector<std::array<int, 5>>& depths() const { return depths_; }
  const std::vector<double>& widths() const { return widths_; }
  std::array<int, 5> most_blocks() const { return most_blocks_; }  ///< of stages 3 to 7; zeros after the first 0
  std::int64_t size() const;
  bool contains(const System& system) const;

  System at(std::int64_t index) const;             ///< index in [0, size()), a fixed order: data, depth, width
  std::int64_t index(const System& system) const;  ///< at(index(system)) == system; -1 where it is not in the space
  System sample(Random& random) const;             ///< uniform over feasible systems, but for repaired depths
  /// 40 % another data configuration, 40 % one depth ±1, 20 % width one step up or down; drawn again until the system
  /// differs and is feasible. A space of one system gives that system.
  System mutate(const System& parent, Random& random) const;
  /// Data from one parent, depth from one, width from one; always feasible.
  System cross(const System& a, const System& b, Random& random) const;

 private:
  void mutate_data(System& system, Random& random) const;
  void mutate_depth(System& system, Random& random) const;
  void mutate_width(System& system, Random& random) const;

  std::vector<DataConfiguration> data_;
  std::vector<std::array<int, 5>> depths_;
  std::vector<double> widths_;
  std::array<int, 5> most_blocks_;
  bool repairs_ = false;
};

}  // namespace danas
