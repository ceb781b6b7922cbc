// The Pareto front: systems that no other one beats in everything that matters.
#pragma once

#include <cstdint>
#include <vector>

#include "results/candidate.hpp"

namespace danas {

/// The measures that matter, each in its own direction. A candidate dominates another one that it is at least as good as
/// in all of them, and better in one.
using Objectives = std::vector<Measure>;
inline const Objectives default_objectives{Measure::accuracy, Measure::ram_bytes, Measure::flash_bytes};

/// The objectives' values, turned so that more is better in all of them. Throws Error where one has no value.
std::vector<double> objective_values(const Measures& measures, const Objectives& objectives);
/// Whether `a` is at least as good as `b` everywhere; of values of the same objectives.
bool covers(const std::vector<double>& a, const std::vector<double>& b);

/// A front that is kept up to date system by system; of equal ones the first to come stays.
class ParetoFront {
 public:
  explicit ParetoFront(const Objectives& objectives) : objectives_(objectives) {}

  /// Whether the system joins the front; then those that it dominates have left. Throws Error where an objective has no
  /// value.
  bool insert(std::int64_t id, const Measures& measures);
  std::vector<std::int64_t> ids() const;  ///< in the order in which they joined
  /// Ids of those that the latest system to join has driven off.
  const std::vector<std::int64_t>& left() const { return left_; }

 private:
  struct Member {
    std::int64_t id;
    std::vector<double> values;
  };

  Objectives objectives_;
  std::vector<Member> members_;
  std::vector<std::int64_t> left_;
};

/// Indices, ascending, of the candidates that compete (within the limits unless `violators` do too; not diverged, not
/// skipped) and are on the front of those.
std::vector<std::size_t> front_of(const std::vector<Candidate>& candidates, const Objectives& objectives,
                                  bool violators = false);

}  // namespace danas
