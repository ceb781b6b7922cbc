// What the search loop asks of whoever trains and measures systems: evaluation.hpp, or a stand-in.
#pragma once

#include <optional>

#include "nas/strategy.hpp"
#include "results/candidate.hpp"

namespace danas {

class Evaluator {
 public:
  virtual ~Evaluator() = default;

  /// What a proposal's row says of its network: resources, metrics, times; none where search.hours end first. Weights
  /// and metrics are a pure function of experiment and system.
  virtual std::optional<Candidate> evaluate(const Proposal& proposal) = 0;
  /// Saves the network of the candidate that was evaluated last.
  virtual void save_model(const Candidate& candidate) = 0;

  /// The same system after [final] training, with its metrics on validation; saves the model. Made again from the
  /// supernet where its model is not there. A training that diverges leaves the network as it was (Outcome::fallback).
  virtual Candidate train_further(const Candidate& candidate) = 0;
  /// Sees to it that the model after final training is there.
  virtual void restore_final(const Candidate& candidate) = 0;
  virtual Candidate test(const Candidate& candidate) = 0;
  /// Whether the model after final training was saved, its row on record or not.
  virtual bool has_final_model(std::int64_t id) const = 0;
};

}  // namespace danas
