// Passes over the pixels of a plane: normalization on load, the gradient before it, and the ways between narrow matrices
// and planes.
#include "tensor/cpu/block_simd.hpp"
#include "tensor/cpu/unit.hpp"

namespace danas::cpu::DANAS_SIMD {
namespace {

constexpr Index pixel = plane_channels;
constexpr Index ahead = 24 * pixel;  ///< what the machine fetches early: a plane is too short for it to see by itself

/// body(lane) for the vectors of a plane.
template <class Body>
DANAS_INLINE void for_lanes(Body&& body) {
#pragma GCC unroll 4
  for (int lane = 0; lane < plane_channels; lane += lanes) body(lane);
}

/// body(memory, lane) for the vectors that hold `channels` channels.
template <class Body>
DANAS_INLINE void for_channels(Index channels, Body&& body) {
  Index lane = 0;
  for (; lane + lanes <= channels; lane += lanes) body(Whole{}, lane);
  if (lane < channels) body(Part{channels - lane}, lane);
}

}  // namespace

void plane_normalize(const PlaneRows& arguments) {
  const PlaneRows rows = arguments;  // see wide_activated()
  for_lanes([&](int lane) DANAS_ALWAYS_INLINE {
    const V mean = load(rows.mean + lane), scale = load(rows.scale + lane), shift = load(rows.shift + lane);
    for (Index row = 0; row < rows.rows; ++row) {
      const float* x = rows.x + row * rows.x_row + lane;
      float* y = rows.y + row * rows.y_row + lane;
#pragma GCC unroll 4
      for (Index p = 0; p < rows.pixels; ++p) {
        if (lane == 0) __builtin_prefetch(x + p * pixel + ahead);
        store(y + p * pixel, relu6(fma(load(x + p * pixel) - mean, scale, shift)));
      }
    }
  });
}

void plane_combine(const PlaneCombination& arguments) {
  const PlaneCombination rows = arguments;
  for_lanes([&](int lane) DANAS_ALWAYS_INLINE {
    const V scale = load(rows.scale + lane), shift = load(rows.shift + lane),
            other_scale = load(rows.other_scale + lane);
    for (Index row = 0; row < rows.rows; ++row) {
      const float *x = rows.x + row * rows.x_row + lane, *other = rows.other + row * rows.x_row + lane;
      float* y = rows.y + row * rows.y_row + lane;
#pragma GCC unroll 4
      for (Index p = 0; p < rows.pixels; ++p) {
        if (lane == 0) __builtin_prefetch(x + p * pixel + ahead);
        if (lane == 0) __builtin_prefetch(other + p * pixel + ahead);
        store(y + p * pixel, fma(load(x + p * pixel), scale, fma(load(other + p * pixel), other_scale, shift)));
      }
    }
  });
}

void subtract(const float* x, const float* center, Index rows, Index channels, float* y) {
  for_channels(channels, [&](const auto& memory, Index c) DANAS_ALWAYS_INLINE {
    const V mean = memory.load(center + c);
#pragma GCC unroll 4
    for (Index row = 0; row < rows; ++row)
      memory.store(y + row * channels + c, memory.load(x + row * channels + c) - mean);
  });
}

// Channels that a plane has beyond the last are zeros.
void to_plane(const PlaneCopy& copy) {
  for (Index row = 0; row < copy.rows; ++row)
    for (Index p = 0; p < copy.pixels; ++p) {
      const float* x = copy.x + row * copy.x_row + p * copy.x_pixel;
      float* y = copy.y + row * copy.y_row + p * copy.y_pixel;
      if (copy.channels < plane_channels) for_lanes([&](int lane) DANAS_ALWAYS_INLINE { store(y + lane, V{}); });
      for_channels(copy.channels, [&](const auto& memory, Index lane)
                                      DANAS_ALWAYS_INLINE { memory.store(y + lane, memory.load(x + lane)); });
    }
}

void from_plane(const PlaneCopy& copy) {
  for (Index row = 0; row < copy.rows; ++row)
    for (Index p = 0; p < copy.pixels; ++p) {
      const float* x = copy.x + row * copy.x_row + p * copy.x_pixel;
      const Index at = row * copy.y_row + p * copy.y_pixel;
      for_channels(copy.channels, [&](const auto& memory, Index lane) DANAS_ALWAYS_INLINE {
        V v = memory.load(x + lane);
        if (copy.add) v = v + memory.load(copy.add + at + lane);
        memory.store(copy.y + at + lane, v);
      });
    }
}

}  // namespace danas::cpu::DANAS_SIMD
