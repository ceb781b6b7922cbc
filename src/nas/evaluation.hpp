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
  /// experiment and system. A fine-tuning (or final training) that diverges is left out, and the log says so.
  /// None where search.hours end while its supernet is trained.
  std::optional<Result> evaluate(const Proposal& proposal);

  /// The same system after [final] training, with its metrics on validation; saves the model. Made again from the
  /// supernet where its model is not there.
  Candidate train_further(const Candidate& candidate);
  /// Sees to it that the model after final training is there.
  void restore_final(const Candidate& candidate);
  Candidate test(const Candidate& candidate);

  /// Whether the model after final training was saved, its row on record or not.
  bool has_final_model(std::int64_t id) const;
  void save_model(const Network& network, const Candidate& candidate, const std::string& stage);

 private:
  Network fine_tune(const System& system, const std::string& training);
  Network final_network(const Candidate& candidate, bool log);
  void train(Network& network, const TrainingSettings& settings, const System& system, const std::string& purpose,
             const std::string& training);
  void train_steps(Network& network, const TrainingSettings& settings, std::uint64_t stream,
                   const DataConfiguration& data, const std::string& name, const std::string& training);
  Network load(std::int64_t id, Metadata& metadata);
  void measure(const Network& network, Split split, Candidate& candidate);

  SearchContext& context_;
  Supernets& supernets_;
};

}  // namespace danas
