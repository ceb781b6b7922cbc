// The launches of a network's steps, and the least that such a step takes of a machine.
#pragma once

#include <vector>

#include "cuda/machine.hpp"
#include "nn/layer.hpp"
#include "nn/trainer.hpp"

namespace danas {

// Of a batch, the making of its images from their pixels included.
std::vector<cuda::KernelLaunch> training_launches(const LayerList& layers, const TrainingSettings& settings,
                                                  Precision precision);
/// Of slices of a network on one batch (SliceStep).
std::vector<cuda::KernelLaunch> slice_launches(const LayerList& whole, const std::vector<LayerList>& slices,
                                               const TrainingSettings& settings, Precision precision);
std::vector<cuda::KernelLaunch> recalibration_launches(const LayerList& layers, int batch, Precision precision);
std::vector<cuda::KernelLaunch> evaluation_launches(const LayerList& layers, int batch, Precision precision);

/// Pixels of a photograph's level for training (data/preparation.hpp), and bytes of the mean crop of it, in color.
double level_pixels(int resolution);
double crop_bytes(int resolution);

// Seconds of the least (nn/floor.hpp) at the rates that are assumed to be had: layer by layer the longer of memory and
// arithmetic.
double training_floor_seconds(const LayerList& layers, int batch, const cuda::MachineRates& rates, Precision precision);
double evaluation_floor_seconds(const LayerList& layers, int batch, const cuda::MachineRates& rates,
                                Precision precision);

}  // namespace danas
