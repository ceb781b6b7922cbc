#include "nas/nsga2_strategy.hpp"

#include <algorithm>
#include <deque>
#include <iterator>

#include "nas/domination.hpp"
#include "nas/population.hpp"

namespace danas {

namespace {

// Parents stand in their order, so that of two the first one is the better.
std::size_t better_of_two(std::size_t count, std::optional<std::size_t> other, Random& random) {
  const std::size_t a = draw_index(count, other, random), b = draw_index(count, other, random);
  return std::min(a, b);
}

class Nsga2Strategy : public Strategy {
 public:
  Nsga2Strategy(const SearchSettings& settings, const SearchSpace& space, std::uint64_t seed)
      : settings_(settings), proposed_(space), breeding_(settings, space, proposed_, seed), seed_(seed) {}

  std::vector<Proposal> next(std::int64_t most) override {
    const auto full = static_cast<std::size_t>(settings_.population);
    if (told_.size() >= full && !proposed_.all()) begin_generation();
    untold_.clear();
    while (most-- > 0 && told_.size() + untold_.size() < full && !proposed_.all()) untold_.push_back(propose());
    return {untold_.begin(), untold_.end()};
  }

  void tell(std::int64_t id, const Result& result) override { told_.push_back(take_told(untold_, id, result)); }

 private:
  Proposal propose() {
    Random random(seed_, "search", static_cast<std::uint64_t>(generation_), ++children_);
    Proposal proposal =
        generation_ == 0 ? breeding_.beginner(count_, random) : breeding_.child(parents_, better_of_two, random);
    proposal.id = ++count_;
    proposal.generation = generation_;
    return proposal;
  }

  void begin_generation() {
    ++generation_;
    children_ = 0;
    std::vector<Individual> all = std::move(parents_);
    std::ranges::move(told_, std::back_inserter(all));
    told_.clear();
    std::ranges::sort(all, {}, &Individual::id);
    std::vector<Standing> standings;
    for (const Individual& each : all)
      standings.push_back({objective_values(each.result.measures, settings_.objectives), each.result.excess});
    parents_.clear();
    for (const std::size_t i : best_first(standings)) {
      if (parents_.size() == static_cast<std::size_t>(settings_.population)) break;
      parents_.push_back(std::move(all[i]));
    }
  }

  SearchSettings settings_;
  ProposedSystems proposed_;
  Breeding breeding_;
  std::uint64_t seed_;
  std::int64_t generation_ = 0, count_ = 0;
  std::uint64_t children_ = 0;
  std::vector<Individual> parents_, told_;  ///< the best of all before, the best first; this generation
  std::deque<Proposal> untold_;
};

}  // namespace

std::unique_ptr<Strategy> make_nsga2_strategy(const SearchSettings& settings, const SearchSpace& space,
                                              std::uint64_t seed) {
  return std::make_unique<Nsga2Strategy>(settings, space, seed);
}

}  // namespace danas
