// Candidates: slice and fine-tuning, or training from scratch, exact statistics, metrics; and the final training of those
// on the front. Side by side.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nas/candidate_fields.hpp"
#include "nas/evaluator.hpp"
#include "nas/lanes.hpp"
#include "nas/supernets.hpp"
#include "results/model_stage.hpp"

namespace danas {

/// Of the batches of a candidate's training: its system's own, whatever its id, or the same for all where the switches
/// say so.
std::uint64_t batch_stream(const Experiment& experiment, TrainingPhase phase, const System& system);

class Evaluation : public Evaluator {
 public:
  Evaluation(SearchContext& context, Supernets& supernets);

  void evaluate(std::span<const Proposal> proposals, const Take& take) override;
  void save_model(const Candidate& candidate) override;
  void train_further(std::span<const Candidate> candidates, const Take& take) override;
  void restore_final(std::span<const Candidate> candidates) override;
  Candidate test(const Candidate& candidate) override;
  bool has_final_model(std::int64_t id) const override;

 private:
  /// One network on its way through a lane.
  struct Piece {
    Candidate candidate;
    std::optional<Network> network;  ///< none while it waits; from begin to end, unless there is nothing to do
    bool trained = false;            ///< the model after final training is there already
    std::vector<TrainingRow> rows;   ///< of training.csv, until the candidate is on record
    std::optional<Metrics> metrics;  ///< on the split that selects; none where it diverged
    std::string divergence;          ///< why it did
    double train_seconds = 0, eval_seconds = 0;
  };
  using Step = std::function<void(Piece&)>;

  LayerList layers_of(const System& system) const;
  const Switches& switches() const { return context_.experiment.switches; }
  Network untrained(const Candidate& candidate);
  void change_supernet(const Piece& piece);
  Outcome prospect(const Proposal& proposal) const;
  bool prepare(const DataConfiguration& data);
  ModelStage first_stage() const;
  bool out_of_time() const;
  const TrainingSettings& settings_of(TrainingPhase phase) const;
  /// Where `stop` says so, no more pieces are begun.
  void run_pieces(
      TrainingPhase phase, std::vector<Piece>& pieces, const Step& begin, const Step& end,
      const std::function<bool()>& stop = [] { return false; });
  void train_and_measure(TrainingPhase phase, Piece& piece, Backend& lane, const std::function<void()>& stepped);
  void train(SystemTrainer& trainer, TrainingPhase phase, Piece& piece, Backend& lane,
             const std::function<void()>& stepped);
  void open_images(const DataConfiguration& data);
  void restore_evaluated(std::span<const Candidate> candidates);
  void finish_training(std::span<const Candidate> candidates, const Step& end);
  void save_final(const Piece& piece);
  Network load(const Candidate& candidate, Metadata& metadata) const;
  void save(const Network& network, const Candidate& candidate, ModelStage stage, Metadata more = {});

  SearchContext& context_;
  Supernets& supernets_;
  double budget_;                 ///< bytes that the pieces of all lanes may take
  const Piece* taken_ = nullptr;  ///< whose candidate is being taken
};

}  // namespace danas
