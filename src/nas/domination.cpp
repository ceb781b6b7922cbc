#include "nas/domination.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

#include "results/pareto_front.hpp"

namespace danas {

bool dominates(const Standing& a, const Standing& b) {
  if (a.excess > 0 || b.excess > 0) return a.excess < b.excess;
  return covers(a.values, b.values) && a.values != b.values;
}

// In an order in which nobody dominates one before it, each joins the first front without a member that dominates it.
std::vector<std::vector<std::size_t>> sort_into_fronts(const std::vector<Standing>& population) {
  std::vector<std::size_t> order(population.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(population[a].excess, population[b].values) < std::tie(population[b].excess, population[a].values);
  });
  std::vector<std::vector<std::size_t>> fronts;
  for (const std::size_t i : order) {
    const auto joined = std::ranges::find_if(fronts, [&](const std::vector<std::size_t>& front) {
      return std::ranges::none_of(front, [&](std::size_t j) { return dominates(population[j], population[i]); });
    });
    if (joined == fronts.end()) fronts.push_back({i});
    else joined->push_back(i);
  }
  for (std::vector<std::size_t>& front : fronts) std::ranges::sort(front);
  return fronts;
}

std::vector<double> crowding_distances(const std::vector<Standing>& population, const std::vector<std::size_t>& front) {
  std::vector<double> distances(front.size(), 0);
  std::vector<std::size_t> order(front.size());
  for (std::size_t value = 0; value < population[front.front()].values.size(); ++value) {
    const auto at = [&](std::size_t place) { return population[front[order[place]]].values[value]; };
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return population[front[i]].values[value]; });
    const std::size_t last = order.size() - 1;
    const double range = at(last) - at(0);
    distances[order[0]] = distances[order[last]] = std::numeric_limits<double>::infinity();
    for (std::size_t place = 1; place < last && range > 0; ++place)
      distances[order[place]] += (at(place + 1) - at(place - 1)) / range;
  }
  return distances;
}

std::vector<std::size_t> best_first(const std::vector<Standing>& population) {
  std::vector<std::size_t> best;
  for (const std::vector<std::size_t>& front : sort_into_fronts(population)) {
    const std::vector<double> distances = crowding_distances(population, front);
    std::vector<std::size_t> order(front.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return distances[i]; });
    for (const std::size_t i : order) best.push_back(front[i]);
  }
  return best;
}

}  // namespace danas
