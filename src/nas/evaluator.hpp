// What the search loop asks of whoever trains and measures systems: evaluation.hpp, or a stand-in.
#pragma once

#include <functional>
#include <span>

#include "nas/strategy.hpp"
#include "results/candidate.hpp"

namespace danas {

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  using Take = std::function<void(const Candidate&)>;

  /// What the rows of proposals say of their networks: resources, metrics, times; taken in order of the proposals. Weights
  /// and metrics are a pure function of experiment and system, but where candidates change the supernet also of all before.
  /// Ends early, after the first ones, where search.hours do.
  virtual void evaluate(std::span<const Proposal> proposals, const Take& take) = 0;
  /// Saves the network of the candidate that is being taken.
  virtual void save_model(const Candidate& candidate) = 0;

  /// The same systems after [final] training, with their metrics on validation, taken in order; saves the models. Trained
  /// again as they were evaluated where a model is not there. A training that diverges leaves the network as it was
  /// (Outcome::fallback).
  virtual void train_further(std::span<const Candidate> candidates, const Take& take) = 0;
  /// Sees to it that the models after final training are there.
  virtual void restore_final(std::span<const Candidate> candidates) = 0;
  virtual Candidate test(const Candidate& candidate) = 0;
  /// Whether the model after final training was saved, its row on record or not.
  virtual bool has_final_model(std::int64_t id) const = 0;
};

}  // namespace danas
