// What genetic strategies have in common: systems with their results, and their children.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "nas/strategy.hpp"

namespace danas {

struct Individual {
  std::int64_t id;
  System system;
  Result result;
};

/// Tells the first of the proposals that have no result yet its own, and takes it from them. Throws Error (Fault::failure)
/// where that has another id.
Individual take_told(std::deque<Proposal>& untold, std::int64_t id, const Result& result);

/// An index below `count`, uniform among all but `other`.
std::size_t draw_index(std::size_t count, std::optional<std::size_t> other, Random& random);

/// Puts new systems together out of known ones.
class Breeding {
 public:
  /// Space and systems must outlive this.
  Breeding(const SearchSettings& settings, const SearchSpace& space, ProposedSystems& proposed, std::uint64_t seed);

  /// draw_index(), or a choice by more of them.
  using Choose = std::function<std::size_t(std::size_t count, std::optional<std::size_t> other, Random& random)>;

  /// Number 0, 1, … of the first population.
  Proposal beginner(std::int64_t number, Random& random) const;
  /// Of parents chosen among these, two different ones for a crossover; drawn at random where everything near is known.
  Proposal child(const std::vector<Individual>& parents, const Choose& choose, Random& random) const;

 private:
  Proposal random_proposal(Random& random) const;

  const SearchSpace& space_;
  ProposedSystems& proposed_;
  double crossover_;  ///< share of children that have two parents; the others are mutations of one
  std::vector<DataConfiguration> in_turn_;  ///< those of the first population; empty: at random
};

/// A first population, then generation by generation children of parents that the strategy selects.
class GenerationStrategy : public Strategy {
 public:
  /// `choose`: parents of a child. The space must outlive this.
  GenerationStrategy(const SearchSettings& settings, const SearchSpace& space, std::uint64_t seed,
                     Breeding::Choose choose);

  std::vector<Proposal> next(std::int64_t most) override;
  void tell(std::int64_t id, const Result& result) override;

 protected:
  /// Sets the parents of the next generation, and what the population keeps of this one: children fill it up again.
  virtual void select(std::vector<Individual>& parents, std::vector<Individual>& population, Random& random) = 0;

  SearchSettings settings_;

 private:
  Proposal propose();

  ProposedSystems proposed_;
  Breeding breeding_;
  Breeding::Choose choose_;
  std::uint64_t seed_;
  std::int64_t generation_ = 0, count_ = 0;
  std::uint64_t children_ = 0;
  std::vector<Individual> parents_, population_;
  std::deque<Proposal> untold_;
};

}  // namespace danas
