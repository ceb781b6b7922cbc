// What training and evaluation of a network cost, counted by running them on a backend that computes nothing.
#pragma once

#include <vector>

#include "nn/layer.hpp"
#include "nn/trainer.hpp"
#include "tensor/cost_backend.hpp"

namespace danas {

struct TrainingCost {
  Cost step;                     ///< of one batch, update included
  std::size_t weight_bytes = 0;  ///< weights, gradients, running statistics, the optimizer's state
  std::size_t arena_bytes = 0;   ///< activations and scratch of a step
  std::size_t batch_bytes = 0;   ///< images and labels of one batch
};
/// Of the whole network, with all heads, in single precision.
TrainingCost training_cost(const LayerList& layers, const TrainingSettings& settings);
/// The same on another backend, which then holds what it counted of the step.
TrainingCost training_cost(const LayerList& layers, const TrainingSettings& settings, CostBackend& backend);
/// The same of the steps of a training of slices (SliceStep) on one resolution, one after another: the network in whole
/// with its optimizer, and what steps keep beside it, count as weights.
TrainingCost slices_cost(const LayerList& layers, const std::vector<std::vector<LayerList>>& steps,
                         const TrainingSettings& settings, CostBackend& backend);
/// What a backend counts of evaluating one batch, the folding of the weights left out; the arena's bytes.
std::size_t evaluation_cost(const LayerList& layers, std::int64_t images, CostBackend& backend);
/// The same of a batch of recalibration.
std::size_t recalibration_cost(const LayerList& layers, std::int64_t images, CostBackend& backend);
/// Bytes that a step takes from its arena, for so many images, on a backend like this.
std::size_t training_arena(const LayerList& layers, std::int64_t images, const Backend& like);
std::size_t recalibration_arena(const LayerList& slice, std::int64_t images, const Backend& like);
std::size_t evaluation_arena(const LayerList& slice, std::int64_t images, const Backend& like);

/// Of inference of one image, the folding of the weights left out.
Cost inference_cost(const LayerList& layers);

/// What estimates of time go by: FLOP of products, of a whole training and of evaluating so many images.
double training_work(const LayerList& layers, const TrainingSettings& settings);
double evaluation_work(const LayerList& layers, double images);

}  // namespace danas
