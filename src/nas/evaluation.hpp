// One candidate: slice, fine-tuning, exact statistics, metrics; and the final training of those on the front.
#pragma once

#include "nas/candidate_fields.hpp"
#include "nas/evaluator.hpp"
#include "nas/supernets.hpp"
#include "results/model_stage.hpp"

namespace danas {

class Evaluation : public Evaluator {
 public:
  Evaluation(SearchContext& context, Supernets& supernets) : context_(context), supernets_(supernets) {}

  std::optional<Candidate> evaluate(const Proposal& proposal) override;
  void save_model(const Candidate& candidate) override;
  Candidate train_further(const Candidate& candidate) override;
  void restore_final(const Candidate& candidate) override;
  Candidate test(const Candidate& candidate) override;
  bool has_final_model(std::int64_t id) const override;

 private:
  struct Trained {
    std::optional<Metrics> metrics;
    double eval_seconds = 0;
  };  ///< no metrics: it diverged

  Network slice(const System& system);
  /// Throws Diverged, as does measure(). `id` names the rows of training.csv; without one there are none.
  void train(Network& network, TrainingPhase phase, const System& system, std::optional<std::int64_t> id);
  void train_steps(Network& network, const TrainingSettings& settings, std::uint64_t stream,
                   const DataConfiguration& data, const std::string& name, const std::optional<Training>& training);
  Metrics measure(const Network& network, const DataConfiguration& data);  ///< on validation
  void set_metrics(Candidate& candidate, const Metrics& metrics, Split split) const;
  Network fine_tuned(const System& system);
  /// Leaves the model after final training, or as it was where that diverges. Without `log` no rows of training.csv.
  Trained finish_training(const Candidate& candidate, bool log);
  void save(const Network& network, const Candidate& candidate, ModelStage stage, Metadata more = {});

  SearchContext& context_;
  Supernets& supernets_;
  std::optional<Network> latest_;  ///< of the candidate that was evaluated last; none where it diverged
};

}  // namespace danas
