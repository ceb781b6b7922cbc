// The supernets of a search, one per data configuration, each trained when it is first needed.
#pragma once

#include <optional>

#include "nas/search_context.hpp"
#include "nas/training_log.hpp"

namespace danas {

class Supernets {
 public:
  explicit Supernets(SearchContext& context) : context_(context) {}

  /// The trained supernet: the one at hand, else from its file, else trained now (continuing an unfinished training).
  /// Valid until the next call. On an interrupt the training's state is saved and Error (Fault::interrupted) thrown.
  const Network& get(const DataConfiguration& data);
  bool finished(const DataConfiguration& data) const;
  std::int64_t count() const;                           ///< finished ones

  /// Steps on record of the unfinished training of `data`; 0 where there is none.
  std::int64_t unfinished_steps(const DataConfiguration& data) const;

 private:
  void train(Network& network, const DataConfiguration& data);
  void train_steps(Network& network, const DataConfiguration& data);
  void finish(Network& network, const DataConfiguration& data);
  void save_state(const Network& network, const Optimizer& optimizer, const DataConfiguration& data, std::int64_t step,
                  const TrainingLog& log);

  SearchContext& context_;
  std::optional<Network> network_;
  DataConfiguration data_;
};

std::string supernet_training_name(const DataConfiguration& data);

}  // namespace danas
