#include "nas/distinct_networks.hpp"

namespace danas {

DistinctNetworks::DistinctNetworks(const SearchSpace& space, const Switches& switches) : space_(space) {
  constexpr int classes = 2;  // the head tells no twins apart
  const auto widths = static_cast<std::int64_t>(space.widths().size());
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
  return networks_.at(static_cast<std::size_t>(space_.index(system)));
}

}  // namespace danas
