// Search space: data configurations × architectures, and moves within it that stay feasible.
#pragma once

#include <array>
#include <cstdint>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "nas/slice_space.hpp"
#include "nas/stack_space.hpp"
#include "nas/system.hpp"

namespace danas {

/// Of images of every resolution in every color.
std::vector<DataConfiguration> squares(const std::vector<int>& resolutions, const std::vector<Color>& colors);

/// [space] of an experiment file. The paper's has 14 × 268 × 10 = 37,520 systems. What the architectures of each kind can
/// do: `size`, `at(index)` and `index(architecture)` (-1: none of them) number them; `redraw` replaces one that was drawn
/// uniformly where they are drawn otherwise; `mutate` makes the move that a number from 0.4 to 1 names, or says that this
/// architecture has no such move; `cross` takes each part from one of two; `cross_genes` each number, as the published code
/// does, and may leave the space; `moves` says whether any move leads to another.
class SearchSpace {
 public:
  SearchSpace();  ///< the paper's
  SearchSpace(const std::vector<int>& resolutions, const std::vector<Color>& colors, std::vector<double> widths,
              std::array<int, 5> most_blocks);
  SearchSpace(std::vector<DataConfiguration> data, std::variant<SliceSpace, StackSpace> architectures);

  const std::vector<DataConfiguration>& data_configurations() const { return data_; }
  /// Whether its networks are slices of supernets; else they are stacks, each trained from scratch.
  bool sliced() const { return std::holds_alternative<SliceSpace>(architectures_); }
  const SliceSpace& slices() const { return std::get<SliceSpace>(architectures_); }
  const StackSpace& stacks() const { return std::get<StackSpace>(architectures_); }

  std::int64_t size() const;
  bool contains(const System& system) const;

  System at(std::int64_t index) const;             ///< index in [0, size()), a fixed order: data, then architectures
  std::int64_t index(const System& system) const;  ///< at(index(system)) == system; -1 where it is not in the space
  System sample(Random& random) const;             ///< feasible; slices uniformly, unless their depths are repaired
  /// 40 % another data configuration, else a move of the architecture; drawn again until the system differs and is
  /// feasible. A space without any move gives the parent.
  System mutate(const System& parent, Random& random) const;
  /// Data from one parent, each part of the architecture from one; always feasible.
  System cross(const System& a, const System& b, Random& random) const;
  System cross_genes(const System& a, const System& b, Random& random) const;  ///< may not be in the space

 private:
  template <class Visitor>
  auto visit(const Visitor& visitor) const {
    return std::visit(visitor, architectures_);
  }
  std::int64_t architectures() const;  ///< how many
  void mutate_data(System& system, Random& random) const;

  std::vector<DataConfiguration> data_;
  std::variant<SliceSpace, StackSpace> architectures_;
};

}  // namespace danas
