// One candidate: slice, fine-tuning, exact statistics, metrics; and the final training of those on the front.
#pragma once

#include "nas/candidate.hpp"
#include "nas/strategy.hpp"
#include "nas/supernets.hpp"

namespace danas {

class Evaluation {
 public:
  Evaluation(SearchContext& context, Supernets& supernets) : context_(context), supernets_(supernets) {}

  struct Result { Candidate candidate; Network network; };
  /// A proposal's row (without elapsed_seconds) and its fine-tuned network. Weights and metrics are a pure function of
  /// experiment and system.
  Result evaluate(const Proposal& proposal);

  /// The same system after [final] training, with its metrics on validation; saves the model. Made again from the
  /// supernet where its model is not there.
  Candidate train_further(const Candidate& candidate);
  /// Sees to it that the model after final training is there.
  void restore_final(const Candidate& candidate);
  Candidate test(const Candidate& candidate);

  void save_model(const Network& network, const Candidate& candidate, const std::string& stage);

 private:
  Network fine_tune(const System& system, const std::string& training);
  Network final_network(const Candidate& candidate, bool log);
  void train(Network& network, const TrainingSettings& settings, const System& system, const std::string& purpose,
             const std::string& training);
  Network load(std::int64_t id, Metadata& metadata);
  void measure(const Network& network, Split split, Candidate& candidate);

  SearchContext& context_;
  Supernets& supernets_;
};

}  // namespace danas
