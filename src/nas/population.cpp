#include "nas/population.hpp"

#include <utility>

#include "base/error.hpp"

namespace danas {

namespace {

constexpr int tries_for_a_new_child = 100;

}  // namespace

Individual take_told(std::deque<Proposal>& untold, std::int64_t id, const Result& result) {
  if (untold.empty() || untold.front().id != id)
    throw expected("search", "the result of the first system without", std::to_string(id), Fault::failure);
  const Individual told{id, untold.front().system, result};
  untold.pop_front();
  return told;
}

std::size_t draw_index(std::size_t count, std::optional<std::size_t> other, Random& random) {
  return other ? (*other + 1 + random.below(count - 1)) % count : random.below(count);
}

Breeding::Breeding(const SearchSettings& settings, const SearchSpace& space, ProposedSystems& proposed,
                   std::uint64_t seed)
    : space_(space), proposed_(proposed), crossover_(settings.crossover) {
  if (settings.first_population == FirstPopulation::random) return;
  in_turn_ = space.data_configurations();
  Random(seed, "first population").shuffle(in_turn_);
}

Proposal Breeding::beginner(std::int64_t number, Random& random) const {
  if (!in_turn_.empty()) {
    const DataConfiguration& data = in_turn_[static_cast<std::size_t>(number) % in_turn_.size()];
    if (const auto system = proposed_.sample_new(data, random)) return {0, 0, "random", {}, *system};
  }
  return random_proposal(random);
}

Proposal Breeding::random_proposal(Random& random) const { return {0, 0, "random", {}, proposed_.sample_new(random)}; }

Proposal Breeding::child(const std::vector<Individual>& parents, const Choose& choose, Random& random) const {
  if (parents.size() > 1 && random.uniform() < crossover_) {
    for (int attempt = 0; attempt < tries_for_a_new_child; ++attempt) {
      const std::size_t first = choose(parents.size(), std::nullopt, random);
      const Individual &a = parents[first], &b = parents[choose(parents.size(), first, random)];
      const System system = space_.cross(a.system, b.system, random);
      if (proposed_.insert(system)) return {0, 0, "crossover", {a.id, b.id}, system};
    }
  }
  for (int attempt = 0; attempt < tries_for_a_new_child; ++attempt) {
    const Individual& parent = parents[choose(parents.size(), std::nullopt, random)];
    const System system = space_.mutate(parent.system, random);
    if (proposed_.insert(system)) return {0, 0, "mutation", {parent.id}, system};
  }
  return random_proposal(random);  // everything near is known
}

GenerationStrategy::GenerationStrategy(const SearchSettings& settings, const SearchSpace& space, std::uint64_t seed,
                                       Breeding::Choose choose)
    : settings_(settings), proposed_(space), breeding_(settings, space, proposed_, seed), choose_(std::move(choose)),
      seed_(seed) {}

std::vector<Proposal> GenerationStrategy::next(std::int64_t most) {
  const auto full = static_cast<std::size_t>(settings_.population);
  if (population_.size() >= full && !proposed_.all()) {
    ++generation_;
    children_ = 0;
    Random random(seed_, "search", static_cast<std::uint64_t>(generation_), 0);
    select(parents_, population_, random);
  }
  untold_.clear();
  while (most-- > 0 && population_.size() + untold_.size() < full && !proposed_.all()) untold_.push_back(propose());
  return {untold_.begin(), untold_.end()};
}

void GenerationStrategy::tell(std::int64_t id, const Result& result) {
  population_.push_back(take_told(untold_, id, result));
}

Proposal GenerationStrategy::propose() {
  Random random(seed_, "search", static_cast<std::uint64_t>(generation_), ++children_);
  Proposal proposal =
      generation_ == 0 ? breeding_.beginner(count_, random) : breeding_.child(parents_, choose_, random);
  proposal.id = ++count_;
  proposal.generation = generation_;
  return proposal;
}

}  // namespace danas
