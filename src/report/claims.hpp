// What the paper says of its searches, beside the same figures of these runs.
#pragma once

#include <string>
#include <vector>

#include "report/comparison.hpp"

namespace danas::report {

/// One claim; texts for people, not escaped.
struct Claim {
  std::string text, paper;  ///< "Data-aware search finds …", "79.5 % against 77.6 %"
  std::string here;         ///< means and deviations over seeds, or which runs are absent
  std::string data;         ///< what the runs are on; "–" where there are none
  Verdict verdict = Verdict::cannot_be_told;

  bool on_runs() const { return data != "–"; }
};

std::vector<Claim> claims(const Comparison& comparison);

/// How verdicts are reached, in a sentence.
extern const char* const verdict_rule;

}  // namespace danas::report
