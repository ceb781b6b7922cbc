#include "nas/published_strategy.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include "nas/population.hpp"

namespace danas {

namespace {

class PublishedStrategy : public Strategy {
 public:
  PublishedStrategy(const SearchSettings& settings, const SearchSpace& space, std::uint64_t seed)
      : settings_(settings), space_(space), seed_(seed) {
    begin_population();
  }

  std::vector<Proposal> next(std::int64_t most) override {
    while (waiting_.empty() && untold_.empty()) begin_generation();
    std::vector<Proposal> proposals;
    for (; most > 0 && !waiting_.empty(); --most) {
      waiting_.front().id = ++count_;
      proposals.push_back(waiting_.front());
      untold_.push_back(waiting_.front());
      waiting_.pop_front();
    }
    return proposals;
  }

  void tell(std::int64_t id, const Result& result) override { population_.push_back(take_told(untold_, id, result)); }

 private:
  void begin_population() {
    Random random(seed_, "search", 0, 0);
    for (int i = 0; i < settings_.population; ++i) waiting_.push_back({0, 0, "random", {}, space_.sample(random)});
  }

  void begin_generation() {
    Random random(seed_, "search", static_cast<std::uint64_t>(++generation_), 0);
    population_ = winners(random);
    const auto count = static_cast<std::int64_t>(population_.size());
    const std::int64_t crossovers = std::llround(settings_.crossover * static_cast<double>(count));
    for (std::int64_t i = 0; i < count - crossovers; ++i) {
      const Individual& parent = population_[static_cast<std::size_t>(i)];
      waiting_.push_front({0, generation_, "mutation", {parent.id}, space_.mutate(parent.system, random)});
    }
    for (std::int64_t i = 0; i < crossovers; ++i) cross(random);
  }

  std::vector<Individual> winners(Random& random) {
    random.shuffle(population_);
    std::vector<Individual> winners;
    for (std::size_t i = 0; i < population_.size(); i += 2) {
      const bool second =
          i + 1 < population_.size() && population_[i + 1].result.fitness > population_[i].result.fitness;
      winners.push_back(population_[second ? i + 1 : i]);
    }
    return winners;
  }

  void cross(Random& random) {
    const Individual &a = population_[random.below(population_.size())],
                     &b = population_[random.below(population_.size())];
    const System child = space_.cross_genes(a.system, b.system, random);
    if (space_.contains(child)) waiting_.push_front({0, generation_, "crossover", {a.id, b.id}, child});
  }

  SearchSettings settings_;
  const SearchSpace& space_;
  std::uint64_t seed_;
  std::int64_t generation_ = 0, count_ = 0;
  std::vector<Individual> population_;
  std::deque<Proposal> waiting_, untold_;  ///< not proposed yet; without a result yet
};

}  // namespace

std::unique_ptr<Strategy> make_published_strategy(const SearchSettings& settings, const SearchSpace& space,
                                                  std::uint64_t seed) {
  return std::make_unique<PublishedStrategy>(settings, space, seed);
}

}  // namespace danas
