// A candidate whose numbers are awkward to write.
#pragma once

#include <cmath>

#include "results/candidate.hpp"

namespace danas::test {

inline Candidate some_candidate(std::int64_t id) {
  Candidate c;
  c.id = id;
  c.generation = 3;
  c.origin = "crossover";
  c.parents = "1+2";
  c.data = "96-monochrome";
  c.architecture = "2-3-1-0-0 0.3";
  c.measures = {{Measure::accuracy, 1.0 / 3},  {Measure::precision, 0.1}, {Measure::recall, std::sqrt(0.5)},
                {Measure::f1, 2.0 / 7},        {Measure::parameters, 1},  {Measure::macs, 9'007'199'254'740'991},
                {Measure::ram_bytes, 1e6 + 4}, {Measure::flash_bytes, 5}};
  c.violation = {{Measure::ram_bytes, 6}, {Measure::flash_bytes, 7}};
  c.fitness = -std::exp(1.0);
  c.elapsed_seconds = 12.3456;
  return c;
}

}  // namespace danas::test
