#include "nas/nsga2_strategy.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "nas/domination.hpp"
#include "nas/population.hpp"

namespace danas {

namespace {

// Parents stand in their order, so that of two the first one is the better.
std::size_t better_of_two(std::size_t count, std::optional<std::size_t> other, Random& random) {
  const std::size_t a = draw_index(count, other, random), b = draw_index(count, other, random);
  return std::min(a, b);
}

class Nsga2Strategy : public GenerationStrategy {
 public:
  Nsga2Strategy(const SearchSettings& settings, const SearchSpace& space, std::uint64_t seed)
      : GenerationStrategy(settings, space, seed, better_of_two) {}

 private:
  // The best of all before, the best first.
  void select(std::vector<Individual>& parents, std::vector<Individual>& population, Random&) override {
    std::vector<Individual> all = std::move(parents);
    std::ranges::move(population, std::back_inserter(all));
    population.clear();
    std::ranges::sort(all, {}, &Individual::id);
    std::vector<Standing> standings;
    for (const Individual& each : all)
      standings.push_back({objective_values(each.result.measures, settings_.objectives), each.result.excess});
    parents.clear();
    for (const std::size_t i : best_first(standings)) {
      if (parents.size() == static_cast<std::size_t>(settings_.population)) break;
      parents.push_back(std::move(all[i]));
    }
  }
};

}  // namespace

std::unique_ptr<Strategy> make_nsga2_strategy(const SearchSettings& settings, const SearchSpace& space,
                                              std::uint64_t seed) {
  return std::make_unique<Nsga2Strategy>(settings, space, seed);
}

}  // namespace danas
