#include "cli/modeled_step.hpp"

#include <algorithm>
#include <cmath>

#include "data/dataset.hpp"
#include "nn/cost.hpp"
#include "nn/floor.hpp"

namespace danas {

namespace {

constexpr int channels = 3;  // of the photographs

int level_side(int resolution) { return static_cast<int>(std::ceil(1.3 * resolution)); }
// Crops have any share of the area from the least on.
int crop_side(int resolution) {
  return static_cast<int>(level_side(resolution) * std::sqrt((1 + DataSettings().crop_min_area) / 2));
}

std::vector<cuda::KernelLaunch> with_images(cuda::LaunchCounter& counter, const LayerList& layers, int batch) {
  const Extent& input = input_of(layers);
  const int level = level_side(input.height), side = crop_side(input.height);
  const std::vector<Image> images(static_cast<std::size_t>(batch), Image{nullptr, level, level, channels});
  const std::vector<Crop> crops(images.size(), Crop{0, 0, side, side, false});
  const View out{counter.activation_type(),
                 &counter,
                 batch,
                 input.height,
                 input.width,
                 input.channels};  // nobody follows the address
  counter.augment(images, crops, out);
  return counter.launches();
}

double floor_seconds(const std::vector<LayerFloor>& layers, const cuda::MachineRates& rates, Precision precision) {
  const double number = precision == Precision::f32 ? 4 : 2;
  const double bandwidth = cuda::attainable_bandwidth * rates.bandwidth, fp32 = cuda::attainable_fp32 * rates.fp32;
  const double products = precision == Precision::f32 ? fp32 : cuda::attainable_tensor * rates.tensor;
  double seconds = 0;
  for (const LayerFloor& layer : layers)
    seconds += std::max((number * layer.activations + 4 * layer.weights) / bandwidth,
                        layer.products / products + layer.depthwise / fp32);
  return seconds;
}

}  // namespace

std::vector<cuda::KernelLaunch> training_launches(const LayerList& layers, const TrainingSettings& settings,
                                                  Precision precision) {
  cuda::LaunchCounter counter(precision);
  training_cost(layers, settings, counter);
  return with_images(counter, layers, settings.batch);
}

std::vector<cuda::KernelLaunch> slice_launches(const LayerList& whole, const std::vector<LayerList>& slices,
                                               const TrainingSettings& settings, Precision precision) {
  cuda::LaunchCounter counter(precision);
  slices_cost(whole, {slices}, settings, counter);
  return with_images(counter, slices.front(), settings.batch);
}

std::vector<cuda::KernelLaunch> recalibration_launches(const LayerList& layers, int batch, Precision precision) {
  cuda::LaunchCounter counter(precision);
  recalibration_cost(layers, batch, counter);
  return with_images(counter, layers, batch);
}

std::vector<cuda::KernelLaunch> evaluation_launches(const LayerList& layers, int batch, Precision precision) {
  cuda::LaunchCounter counter(precision);
  evaluation_cost(layers, batch, counter);
  return with_images(counter, layers, batch);
}

double level_pixels(int resolution) { return std::pow(level_side(resolution), 2); }
double crop_bytes(int resolution) { return channels * std::pow(crop_side(resolution), 2); }

double training_floor_seconds(const LayerList& layers, int batch, const cuda::MachineRates& rates,
                              Precision precision) {
  return floor_seconds(training_floor(layers, batch), rates, precision);
}
double evaluation_floor_seconds(const LayerList& layers, int batch, const cuda::MachineRates& rates,
                                Precision precision) {
  return floor_seconds(evaluation_floor(layers, batch), rates, precision);
}

}  // namespace danas
