// The supernets of a search, one per data configuration, each trained when it is first needed.
#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "nas/search_context.hpp"
#include "nas/shared_supernets.hpp"
#include "nas/training_log.hpp"

namespace danas {

class Supernets {
 public:
  /// The state of an unfinished training is saved every `state_seconds`. `shared`: the folder of those that other runs have
  /// trained or may take; empty: none.
  Supernets(SearchContext& context, double state_seconds, const std::filesystem::path& shared = {});

  /// Takes the supernet of another run, or trains it unless it is trained (continuing an unfinished training); false where search.hours end first,
  /// which does not hold for the first one. Then, and on an interrupt, which throws Error (Fault::interrupted), the
  /// training's state is saved.
  bool prepare(const DataConfiguration& data);
  /// A trained supernet, the one at hand or from its file, as candidates changed it; valid until the next call of this or
  /// prepare().
  const Network& get(const DataConfiguration& data);
  /// Puts layers that candidate `id` has trained back where they were cut from. The trained supernet's own file stays as it
  /// is; the changed one is saved beside the one before, until forget_superseded().
  void change(const DataConfiguration& data, const Network& candidate, const LayerList& layers, std::int64_t id);
  /// To be called once the rows of all candidates that changed a supernet are on disk: removes what came before the last.
  void forget_superseded() const;
  bool finished(const DataConfiguration& data) const;
  std::int64_t count() const;  ///< finished ones
  /// Trained and evaluated for one of them.
  std::int64_t images() const;

  /// Steps on record of the unfinished training of `data`; 0 where there is none.
  std::int64_t unfinished_steps(const DataConfiguration& data) const;
  /// Of a training that had ended when its process was killed.
  void remove_ended_state() const;

 private:
  void prepare_all_images(const DataConfiguration& data);
  Network untrained(const DataConfiguration& data) const;
  Metadata metadata(const DataConfiguration& data) const;
  std::string shared_key(const DataConfiguration& data) const;
  bool take_shared(const DataConfiguration& data);
  void share(const DataConfiguration& data) const;
  double shared_seconds() const;
  std::filesystem::path file_of(const DataConfiguration& data) const;
  bool train(SystemTrainer& trainer, Network& network, const DataConfiguration& data);
  void finish(SystemTrainer& trainer, Network& network, const DataConfiguration& data);
  void save_state(const Network& network, const Optimizer& optimizer, const DataConfiguration& data, std::int64_t step,
                  const TrainingLog& log);

  SearchContext& context_;
  double state_seconds_;
  std::optional<SharedSupernets> shared_;
  std::map<std::string, std::int64_t> changed_by_;  ///< by data: the last candidate on record that changed it
  std::optional<Network> network_;
  DataConfiguration data_;
};

Training supernet_training(const DataConfiguration& data);

}  // namespace danas
