// A candidate: one evaluated system. candidate_table.hpp reads and writes its row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/names.hpp"
#include "results/measures.hpp"

namespace danas {

/// How a candidate's row came about.
enum class Outcome {
  evaluated,
  twin,         ///< the same network as `twin_of`, whose results it has
  diverged,     ///< its training did, or that of its twin: scores of 0, never on the front
  fallback,     ///< after final training only: that diverged, so this is the network of before
  over_limits,  ///< not trained as it exceeds the device's limits: scores of 0, never on the front
  no_memory     ///< not trained as its training needs more memory than there is: the same
};
template <>
inline constexpr std::array names<Outcome>{"evaluated",
                                           "twin",
                                           "diverged",
                                           "fallback",  // of the column status
                                           "skipped: over the limits",
                                           "skipped: more memory than there is"};

struct Candidate {
  std::int64_t id = 0, generation = 0;
  std::string origin, parents;       ///< parents as "3" or "3+5"
  std::string data, architecture;    ///< "96-monochrome", "2-3-1-0-0 0.5"
  std::string split = "validation";  ///< what the scores were taken on
  Measures measures;
  Measures violation;  ///< by how much each limit is exceeded
  double fitness = 0;
  double train_seconds = 0, eval_seconds = 0, elapsed_seconds = 0;
  std::int64_t twin_of = 0;  ///< id; 0: the first of its network
  std::int64_t images = 0;   ///< trained and evaluated up to here, for supernets too; 0: not on record
  Outcome outcome = Outcome::evaluated;

  bool skipped() const { return outcome == Outcome::over_limits || outcome == Outcome::no_memory; }
  bool fits() const { return within_limits(violation); }
  /// For a place on the front, on which `violators` of limits may be.
  bool competes(bool violators = false) const {
    return (violators || fits()) && outcome != Outcome::diverged && !skipped();
  }
  /// The system as `--arch` takes it: "96,monochrome,2-3-1-0-0,0.5".
  std::string system_text() const;
};

/// A row of front.csv: after final training, with its scores on the test split where those are known.
struct FrontRow : Candidate {
  std::optional<Measures> test;
};

}  // namespace danas
