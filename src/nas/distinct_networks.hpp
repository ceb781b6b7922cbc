// Which systems of a search space are the same network: rounding gives several widths of monochrome ones the same channels.
#pragma once

#include <cstdint>
#include <vector>

#include "nas/protocol.hpp"
#include "nas/search_space.hpp"

namespace danas {

/// Systems of one data configuration with equal layers are twins. The full space has 37,184 networks. Stacks have no
/// twins.
class DistinctNetworks {
 public:
  /// As candidates have them with these switches. The space must outlive this.
  explicit DistinctNetworks(const SearchSpace& space, const Switches& switches = {});

  std::int64_t count() const { return count_; }
  /// The index in the space of the first of the twins that `system`, one of the space, belongs to: names the network.
  std::int64_t network(const System& system) const;

 private:
  const SearchSpace& space_;
  std::int64_t count_ = 0;
  std::vector<std::int64_t> networks_;  ///< of slices, by the system's index
};

}  // namespace danas
