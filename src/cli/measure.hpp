// How fast a network trains or evaluates on this machine, with random data that is already decoded.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/names.hpp"
#include "nn/layer.hpp"
#include "tensor/backend.hpp"
#include "tensor/timing_backend.hpp"

namespace danas {

/// Of a supernet, of a candidate, inference; and of the images: batches from a cache, photographs into a cache.
enum class Work { train, finetune, evaluate, load, decode };
template <>
inline constexpr std::array names<Work>{"train", "finetune", "eval", "load", "decode"};

struct Speed {
  double images_per_second = 0;
  std::size_t arena_bytes = 0;  ///< activations and scratch of a step
};

/// Of a network's work. Repeats steps of `batch` images for about `seconds` (at least two steps after one to warm up).
Speed measure_speed(Backend& backend, const LayerList& layers, Work work, int batch, double seconds);

/// The same of so many networks side by side, each on a lane of its own: all together.
Speed measure_lanes(Backend& backend, const LayerList& layers, Work work, int batch, double seconds, int lanes);

/// What a step takes, and its operations.
struct StepTimes {
  double seconds = 0;
  std::vector<TimedOperation> operations;
};

/// The same, with a clock at every operation.
StepTimes measure_operations(Backend& backend, const LayerList& layers, Work work, int batch, double seconds);

}  // namespace danas
