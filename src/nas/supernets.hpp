// The supernets of a search, one per data configuration, each trained when it is first needed.
#pragma once

#include <optional>

#include "nas/search_context.hpp"
#include "nas/training_log.hpp"

namespace danas {

class Supernets {
 public:
  /// The state of an unfinished training is saved every `state_seconds`.
  Supernets(SearchContext& context, double state_seconds) : context_(context), state_seconds_(state_seconds) {}

  /// Trains the supernet unless it is trained (continuing an unfinished training); false where search.hours end first,
  /// which does not hold for the first one. Then, and on an interrupt, which throws Error (Fault::interrupted), the
  /// training's state is saved.
  bool prepare(const DataConfiguration& data);
  /// A trained supernet, the one at hand or from its file; valid until the next call of this or prepare().
  const Network& get(const DataConfiguration& data);
  bool finished(const DataConfiguration& data) const;
  std::int64_t count() const;  ///< finished ones

  /// Steps on record of the unfinished training of `data`; 0 where there is none.
  std::int64_t unfinished_steps(const DataConfiguration& data) const;
  /// Of a training that had ended when its process was killed.
  void remove_ended_state() const;

 private:
  void prepare_all_images(const DataConfiguration& data);
  Network untrained(const DataConfiguration& data) const;
  Metadata metadata(const DataConfiguration& data) const;
  bool train(SystemTrainer& trainer, Network& network, const DataConfiguration& data);
  void finish(SystemTrainer& trainer, Network& network, const DataConfiguration& data);
  void save_state(const Network& network, const Optimizer& optimizer, const DataConfiguration& data, std::int64_t step,
                  const TrainingLog& log);

  SearchContext& context_;
  double state_seconds_;
  std::optional<Network> network_;
  DataConfiguration data_;
};

Training supernet_training(const DataConfiguration& data);

}  // namespace danas
