// One candidate: slice, fine-tuning, exact statistics, metrics; and the final training of those on the front.
#pragma once

#include "nas/evaluator.hpp"
#include "nas/supernets.hpp"

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
  struct Trained { Network network; Metrics metrics; double eval_seconds = 0; bool fallback = false; };

  Network slice(const System& system);
  /// Throws Diverged, as does measure().
  void train(Network& network, const TrainingSettings& settings, const System& system, const std::string& purpose,
             const std::string& training);
  void train_steps(Network& network, const TrainingSettings& settings, std::uint64_t stream,
                   const DataConfiguration& data, const std::string& name, const std::string& training);
  Metrics measure(const Network& network, const DataConfiguration& data);   ///< on validation
  void set_metrics(Candidate& candidate, const Metrics& metrics, Split split) const;
  Network fine_tuned(const Candidate& candidate);
  Trained final_network(const Candidate& candidate, bool log);
  Trained fall_back(Network network, const Candidate& candidate) const;
  void save(const Network& network, const Candidate& candidate, Metadata more);

  SearchContext& context_;
  Supernets& supernets_;
  std::optional<Network> latest_;   ///< of the candidate that was evaluated last; none where it diverged
};

}  // namespace danas
