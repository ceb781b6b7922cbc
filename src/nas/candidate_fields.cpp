#include "nas/candidate_fields.hpp"

#include "base/error.hpp"

namespace danas {

void set_system(Candidate& candidate, const System& system) {
  candidate.data = system.data.text();
  candidate.architecture = system.architecture.text();
}

System system_of(const Candidate& candidate, const std::string& where) {
  System system;
  try {
    system = parse_system(candidate.system_text());
  } catch (const Error& error) {
    throw Error(where, error.what());
  }
  if (system.data.text() != candidate.data || system.architecture.text() != candidate.architecture)
    throw expected(where, "a system as 96-monochrome and 2-3-1-0-0 0.5", candidate.data + "," + candidate.architecture);
  return system;
}

void set_scores(Candidate& candidate, const Metrics& metrics, Split split) {
  candidate.split = split_name(split);
  candidate.measures.set({{Measure::accuracy, metrics.accuracy},
                          {Measure::precision, metrics.precision},
                          {Measure::recall, metrics.recall},
                          {Measure::f1, metrics.f1}});
}

}  // namespace danas
