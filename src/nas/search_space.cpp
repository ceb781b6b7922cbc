#include "nas/search_space.hpp"

#include <string>
#include <utility>

#include "base/error.hpp"
#include "nas/value_list.hpp"

namespace danas {

SearchSpace::SearchSpace()
    : SearchSpace({32, 64, 96, 128, 160, 192, 224}, {Color::monochrome, Color::rgb},
                  {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}, full_depth) {}

SearchSpace::SearchSpace(const std::vector<int>& resolutions, const std::vector<Color>& colors,
                         std::vector<double> widths, std::array<int, 5> most_blocks)
    : SearchSpace(squares(resolutions, colors), SliceSpace(std::move(widths), most_blocks)) {}

SearchSpace::SearchSpace(std::vector<DataConfiguration> data, std::variant<SliceSpace, StackSpace> architectures)
    : data_(sorted_set(std::move(data), "data configurations")), architectures_(std::move(architectures)) {}

std::vector<DataConfiguration> squares(const std::vector<int>& resolutions, const std::vector<Color>& colors) {
  std::vector<DataConfiguration> data;
  for (const int resolution : sorted_set(resolutions, "resolution"))
    for (const Color color : sorted_set(colors, "color")) data.emplace_back(resolution, color);
  return data;
}

std::int64_t SearchSpace::architectures() const {
  return visit([](const auto& all) { return all.size(); });
}

std::int64_t SearchSpace::size() const { return static_cast<std::int64_t>(data_.size()) * architectures(); }

std::int64_t SearchSpace::index(const System& system) const {
  const std::int64_t data = position(data_, system.data);
  const std::int64_t architecture = visit([&](const auto& all) { return all.index(system.architecture); });
  return data < 0 || architecture < 0 ? -1 : data * architectures() + architecture;
}

bool SearchSpace::contains(const System& system) const { return index(system) >= 0; }

System SearchSpace::at(std::int64_t index) const {
  if (index < 0 || index >= size())
    throw expected("SearchSpace::at", "an index below " + std::to_string(size()), std::to_string(index));
  return {data_[static_cast<std::size_t>(index / architectures())],
          visit([&](const auto& all) { return all.at(index % architectures()); })};
}

System SearchSpace::sample(Random& random) const {
  System system = at(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(size()))));
  visit([&](const auto& all) { all.redraw(system.architecture, random); });
  return system;
}

void SearchSpace::mutate_data(System& system, Random& random) const {
  const DataConfiguration before = system.data;
  do system.data = data_[random.below(data_.size())];
  while (system.data == before);
}

System SearchSpace::mutate(const System& parent, Random& random) const {
  if (!contains(parent)) throw expected("SearchSpace::mutate", "a system of the search space", parent.text());
  System child = parent;
  if (data_.size() == 1 && !visit([](const auto& all) { return all.moves(); })) return child;
  for (;;) {  // a move that this system does not have is drawn again as another one
    const double move = random.uniform();
    if (move >= 0.4) {
      if (visit([&](const auto& all) { return all.mutate(child.architecture, move, random); })) return child;
    } else if (data_.size() > 1) {
      mutate_data(child, random);
      return child;
    }
  }
}

System SearchSpace::cross(const System& a, const System& b, Random& random) const {
  const DataConfiguration& data = random.below(2) == 0 ? a.data : b.data;
  return {data, visit([&](const auto& all) { return all.cross(a.architecture, b.architecture, random); })};
}

System SearchSpace::cross_genes(const System& a, const System& b, Random& random) const {
  const DataConfiguration& data = random.below(2) == 0 ? a.data : b.data;
  return {data, visit([&](const auto& all) { return all.cross_genes(a.architecture, b.architecture, random); })};
}

}  // namespace danas
