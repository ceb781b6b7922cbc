// Which systems come next. A strategy's proposals are a pure function of the seed and of the results told so far, so a
// search is resumed by replaying it with the results on record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "nas/experiment.hpp"

namespace danas {

struct Proposal {
  std::int64_t id = 0;                ///< 1, 2, 3, …
  std::int64_t generation = 0;        ///< 0: the first population, drawn at random
  std::string origin;                 ///< "random" | "mutation" | "crossover" | "exhaustive"
  std::vector<std::int64_t> parents;  ///< ids
  System system;
};

/// What a strategy is told of a system that it proposed.
struct Result {
  double fitness = 0;
  Measures measures{};  ///< has the objectives
  /// 0: it competes for a place on the front; else relative_excess() over the limits, infinite where it fits but its
  /// training failed.
  double excess = 0;
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  /// The next systems, never one that was proposed before (but for published generations), that do not depend on each
  /// other's results: `most` of them, fewer at the end of a generation (without generations: of so many
  /// as a population has), none when the whole space has been proposed. The
  /// results of all earlier ones must have been told. How many are asked for at a time changes none of them.
  virtual std::vector<Proposal> next(std::int64_t most) = 0;
  virtual void tell(std::int64_t id, const Result& result) = 0;  ///< of a proposal, in the order of their ids
};

/// Systems proposed so far, and new ones drawn uniformly among the others.
class ProposedSystems {
 public:
  explicit ProposedSystems(const SearchSpace& space) : space_(space) {}

  bool all() const { return static_cast<std::int64_t>(indices_.size()) >= space_.size(); }
  bool insert(const System& system);  ///< false: not new
  System sample_new(Random& random);  ///< uniform, inserted; not to be called when all()
  /// One of a data configuration, inserted; none where (nearly) all of them are known.
  std::optional<System> sample_new(const DataConfiguration& data, Random& random);

 private:
  void list_left();

  const SearchSpace& space_;
  std::unordered_set<std::int64_t> indices_;
  std::vector<std::int64_t> left_;                        ///< the others, once drawing at random finds few
  std::unordered_map<std::int64_t, std::size_t> places_;  ///< of each in left_
};

/// As [search] strategy and the switches say. The space must outlive the strategy.
std::unique_ptr<Strategy> make_strategy(const SearchSettings& settings, const SearchSpace& space, std::uint64_t seed,
                                        const Switches& switches = {});

}  // namespace danas
