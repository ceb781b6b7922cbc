#include "nas/distinct_networks.hpp"

namespace danas {

DistinctNetworks::DistinctNetworks(const SearchSpace& space, const Switches& switches) : space_(space) {
  if (!space.sliced()) {
    count_ = space.size();
    return;
  }
  constexpr int classes = 2;  // the head tells no twins apart
  const auto widths = static_cast<std::int64_t>(space.slices().widths().size());
  for (std::int64_t first = 0; first < space.size(); first += widths) {  // widths of one data configuration and depth
    std::vector<LayerList> networks;
    for (std::int64_t width = 0; width < widths; ++width) {
      networks.push_back(candidate_layers(space.at(first + width), classes, switches));
      std::int64_t twin = 0;
      while (networks[static_cast<std::size_t>(twin)] != networks.back()) ++twin;
      networks_.push_back(first + twin);
      count_ += twin == width;
    }
  }
}

std::int64_t DistinctNetworks::network(const System& system) const {
  const std::int64_t index = space_.index(system);
  return space_.sliced() ? networks_.at(static_cast<std::size_t>(index)) : index;
}

}  // namespace danas
