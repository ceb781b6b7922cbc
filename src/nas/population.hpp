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
  /// `crossover`: the share of children that have two parents; the others are mutations of one. Space and systems must
  /// outlive this.
  Breeding(const SearchSpace& space, ProposedSystems& proposed, double crossover)
      : space_(space), proposed_(proposed), crossover_(crossover) {}

  /// draw_index(), or a choice by more of them.
  using Choose = std::function<std::size_t(std::size_t count, std::optional<std::size_t> other, Random& random)>;

  Proposal random_proposal(Random& random) const;
  /// Of parents chosen among these, two different ones for a crossover; drawn at random where everything near is known.
  Proposal child(const std::vector<Individual>& parents, const Choose& choose, Random& random) const;

 private:
  const SearchSpace& space_;
  ProposedSystems& proposed_;
  double crossover_;
};

}  // namespace danas
