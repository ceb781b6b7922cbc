#include "nas/strategy.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "nas/nsga2_strategy.hpp"
#include "nas/population.hpp"
#include "nas/published_strategy.hpp"

namespace danas {

namespace {

constexpr int tries_for_a_new_system = 100;

// Without generations, batches end where they would: what is trained for the sake of a batch goes on record with its rows.
std::int64_t left_of_batch(std::int64_t most, std::int64_t proposed, int population) {
  return std::min(most, population - proposed % population);
}

class ExhaustiveStrategy : public Strategy {
 public:
  ExhaustiveStrategy(const SearchSpace& space, int population) : space_(space), population_(population) {}

  std::vector<Proposal> next(std::int64_t most) override {
    std::vector<Proposal> proposals;
    for (most = left_of_batch(most, next_, population_); most > 0 && next_ < space_.size(); --most) {
      const System system = space_.at(next_++);
      proposals.push_back({next_, 0, "exhaustive", {}, system});
    }
    return proposals;
  }
  void tell(std::int64_t, const Result&) override {}

 private:
  const SearchSpace& space_;
  int population_;
  std::int64_t next_ = 0;
};

class RandomStrategy : public Strategy {
 public:
  RandomStrategy(const SearchSpace& space, int population, std::uint64_t seed)
      : proposed_(space), population_(population), seed_(seed) {}

  std::vector<Proposal> next(std::int64_t most) override {
    std::vector<Proposal> proposals;
    for (most = left_of_batch(most, count_, population_); most > 0 && !proposed_.all(); --most) {
      Random random(seed_, "search", 0, static_cast<std::uint64_t>(count_));
      proposals.push_back({++count_, 0, "random", {}, proposed_.sample_new(random)});
    }
    return proposals;
  }
  void tell(std::int64_t, const Result&) override {}

 private:
  ProposedSystems proposed_;
  int population_;
  std::uint64_t seed_;
  std::int64_t count_ = 0;
};

// Tournaments of two: the shuffled population meets in pairs, winners stay, losers make room for new systems.
class GeneticStrategy : public GenerationStrategy {
 public:
  GeneticStrategy(const SearchSettings& settings, const SearchSpace& space, std::uint64_t seed)
      : GenerationStrategy(settings, space, seed, draw_index) {}

 private:
  void select(std::vector<Individual>& parents, std::vector<Individual>& population, Random& random) override {
    random.shuffle(population);
    std::vector<Individual> winners;
    for (std::size_t i = 0; i < population.size(); i += 2) {
      const bool alone = i + 1 == population.size();
      const bool first = alone || beats(population[i], population[i + 1]);
      winners.push_back(population[first ? i : i + 1]);
    }
    parents = winners;
    population = std::move(winners);
  }

  static bool beats(const Individual& a, const Individual& b) {
    const double first = a.result.fitness, second = b.result.fitness;
    return first > second || (first == second && a.id < b.id);
  }
};

}  // namespace

bool ProposedSystems::insert(const System& system) {
  const std::int64_t index = space_.index(system);
  if (!indices_.insert(index).second) return false;
  if (const auto found = places_.find(index); found != places_.end()) {  // the last one takes its place
    left_[found->second] = left_.back();
    places_[left_.back()] = found->second;
    left_.pop_back();
    places_.erase(index);
  }
  return true;
}

// Few are left: the space is not much larger than what was proposed, and can be listed, once.
void ProposedSystems::list_left() {
  for (std::int64_t index = 0; index < space_.size(); ++index) {
    if (indices_.contains(index)) continue;
    places_[index] = left_.size();
    left_.push_back(index);
  }
}

System ProposedSystems::sample_new(Random& random) {
  const auto anywhere = [&] {
    return space_.at(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(space_.size()))));
  };
  // The second half: where the space samples of a part of it, that may be all known.
  for (int attempt = 0; attempt < 2 * tries_for_a_new_system; ++attempt) {
    const System system = attempt < tries_for_a_new_system ? space_.sample(random) : anywhere();
    if (insert(system)) return system;
  }
  if (all()) throw Error("search", "the whole search space has been proposed", Fault::failure);
  if (left_.empty()) list_left();
  const System system = space_.at(left_[random.below(left_.size())]);
  insert(system);
  return system;
}

std::optional<System> ProposedSystems::sample_new(const DataConfiguration& data, Random& random) {
  for (int attempt = 0; attempt < tries_for_a_new_system; ++attempt) {
    System system = space_.sample(random);
    system.data = data;
    if (insert(system)) return system;
  }
  return std::nullopt;
}

std::unique_ptr<Strategy> make_strategy(const SearchSettings& settings, const SearchSpace& space, std::uint64_t seed,
                                        const Switches& switches) {
  switch (settings.strategy) {
    case StrategyKind::random: return std::make_unique<RandomStrategy>(space, settings.population, seed);
    case StrategyKind::exhaustive: return std::make_unique<ExhaustiveStrategy>(space, settings.population);
    case StrategyKind::nsga2: return make_nsga2_strategy(settings, space, seed);
    case StrategyKind::genetic: break;
  }
  if (switches.breed_in_order) return make_published_strategy(settings, space, seed);
  return std::make_unique<GeneticStrategy>(settings, space, seed);
}

}  // namespace danas
