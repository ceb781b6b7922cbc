// How long the parts of a search will take, from a short measurement of the machine at hand, and what its supernets take of
// the disk.
#pragma once

#include <vector>

#include "data/dataset.hpp"
#include "nas/supernet_group.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// What a search trains: of a space of slices the supernets; systems that it may draw.
struct TrainedNetworks {
  std::vector<LayerList> supernets, candidates;
  TrainingSettings settings;  ///< of the supernets, where there are some, else of the candidates

  /// What the machine is measured by.
  const std::vector<LayerList>& measured() const { return supernets.empty() ? candidates : supernets; }
  double share_trained() const;  ///< of the systems that are drawn; the others are skipped
};
TrainedNetworks trained_networks(const Experiment& experiment, int classes, const Backend& backend);

/// Seconds as a line through what was measured on the cheapest and on the dearest network, by the work of an image (FLOP of
/// products, nn/cost.hpp).
class SpeedModel {
 public:
  /// Measures, which takes a second.
  SpeedModel(Backend& backend, const TrainedNetworks& networks);

  double seconds(double work, double images) const;  ///< of `work` in all, done image by image
  double training_seconds(const LayerList& layers, const TrainingSettings& settings) const;
  /// To train a supernet of these data configurations.
  double supernet_seconds(const Experiment& experiment, const SupernetGroup& group, int classes) const;

  static double images_of(const TrainingSettings& settings) {
    return static_cast<double>(settings.steps) * settings.batch;
  }

 private:
  struct Point {
    double work = 0, seconds = 0;  ///< of one image
  };
  static Point measure(Backend& backend, const LayerList& layers, double work, int batch);

  Point low_, high_;
};

/// Seconds, without the making of caches; one network after another, as candidates that change their supernet must be.
struct TimeEstimate {
  std::vector<double> supernets;  ///< each, in the order of supernet_groups()
  double system = 0;        ///< to train a candidate, recalibrate and evaluate it: the mean of some that are drawn
  double final_system = 0;  ///< the same in final training
};

TimeEstimate estimate_time(const Experiment& experiment, const Dataset& dataset, const TrainedNetworks& networks,
                           const SpeedModel& speed);
TimeEstimate estimate_time(const Experiment& experiment, const Dataset& dataset, Backend& backend);

/// Bytes of the file of one supernet's weights, about.
double supernet_bytes(const Experiment& experiment, const SupernetGroup& group, int classes);
/// Where candidates change their supernets: a copy of each, and one that takes the place of the last.
double changed_supernet_bytes(const Experiment& experiment, int classes);

}  // namespace danas
