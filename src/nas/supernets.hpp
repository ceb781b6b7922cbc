// The supernets of a search, each trained when it is first needed.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nas/search_context.hpp"
#include "nas/shared_supernets.hpp"
#include "nas/supernet_group.hpp"
#include "nas/training_log.hpp"

namespace danas {

class Supernets {
 public:
  /// The state of an unfinished training is saved every `state_seconds`. `shared`: the folder of those that other runs have
  /// trained or may take; empty: none.
  Supernets(SearchContext& context, double state_seconds, const std::filesystem::path& shared = {});

  /// All that there may be.
  const std::vector<SupernetGroup>& groups() const { return groups_; }
  /// Takes the supernet of another run, or trains it unless it is trained (continuing an unfinished training); false
  /// where search.hours end first, which does not hold for the first one. Then, and on an interrupt, which throws Error
  /// (Fault::interrupted), the training's state is saved.
  bool prepare(const DataConfiguration& data);
  /// A trained supernet, the one at hand or from its file, as candidates changed it; valid until the next call of this or
  /// prepare().
  const Network& get(const DataConfiguration& data);
  /// Puts layers that candidate `id` has trained back where they were cut from. The trained supernet's own file stays as it
  /// is; the changed one is saved beside the one before, until forget_superseded().
  void change(const DataConfiguration& data, const Network& candidate, const LayerList& layers, std::int64_t id);
  /// To be called once the rows of all candidates that changed a supernet are on disk: removes what came before the last.
  void forget_superseded() const;
  bool finished(const SupernetGroup& group) const;
  std::int64_t count() const;  ///< finished ones
  /// Trained and evaluated for all finished ones.
  std::int64_t images() const;

  /// Steps on record of an unfinished training; 0 where there is none.
  std::int64_t unfinished_steps(const SupernetGroup& group) const;
  /// Of a training that had ended when its process was killed.
  void remove_ended_state() const;

 private:
  void prepare_all_images(const SupernetGroup& group);
  LayerList layers_of(const DataConfiguration& data) const;  ///< of the whole supernet
  Metadata metadata(const SupernetGroup& group) const;
  std::string shared_key(const SupernetGroup& group) const;
  bool take_shared(const SupernetGroup& group);
  void share(const SupernetGroup& group) const;
  double shared_seconds() const;
  std::int64_t images_trained() const;
  std::int64_t images_evaluated(const SupernetGroup& group) const;
  std::filesystem::path file_of(const SupernetGroup& group) const;
  bool train(SystemTrainer& trainer, Network& network, const SupernetGroup& group);
  void finish(SystemTrainer& trainer, Network& network, const SupernetGroup& group);
  void save_state(const Network& network, const Optimizer& optimizer, const SupernetGroup& group, std::int64_t step,
                  const TrainingLog& log);

  SearchContext& context_;
  double state_seconds_;
  std::vector<SupernetGroup> groups_;
  std::optional<SharedSupernets> shared_;
  std::map<std::string, std::int64_t> changed_by_;  ///< by group: the last candidate on record that changed it
  std::optional<Network> network_;
  std::string name_;  ///< of its group
};

Training supernet_training(const SupernetGroup& group);

}  // namespace danas
