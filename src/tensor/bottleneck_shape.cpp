#include "tensor/bottleneck_shape.hpp"

#include <algorithm>
#include <bit>

#include "tensor/arena.hpp"
#include "tensor/normalized_convolution.hpp"

namespace danas {

namespace {
constexpr std::int64_t group_pixels = 200;  ///< the unit's tiles of 48 channels stay near the first-level cache
constexpr std::int64_t least_groups = 8;    ///< work for the threads, where there are the images,
constexpr std::int64_t least_pixels = 48;   ///< and what is worth reading the weights for

// FLOP an input pixel of what the ways of keeping the expanded tensor differ in, a byte that is moved counted as FLOP too.
// Stored, it is written, read, read again beside its gradient, which is written and read. Repeated, it is a product more,
// with its normalization, and the covariance and the correction of dx: two products of in × in, and the algebra on them
// 8·in²·expanded at once.
// On this side of the rule are work for the threads, as the passes that need it have a group a task, and sums of many
// pixels, which a covariance in single precision is good for.
BottleneckShape::Expansion cheapest_expansion(const BottleneckShape& shape) {
  using Expansion = BottleneckShape::Expansion;
  constexpr double passes_stored = 6, elementwise_repeated = 24;
  constexpr double cached_bytes = 4 << 20, byte_of_memory = 8, byte_of_cache = 5;  // in FLOP
  constexpr std::int64_t least_tasks = 4, many_pixels = 512;
  if (shape.groups < least_tasks || shape.images * shape.in_pixels() < many_pixels) return Expansion::stored;
  const auto in = static_cast<double>(shape.in), wide = static_cast<double>(shape.wide_padded());
  const double pixels = static_cast<double>(shape.images) * static_cast<double>(shape.in_pixels());
  const double pass = 4 * wide * (4 * wide * pixels > cached_bytes ? byte_of_memory : byte_of_cache);
  const double covariance = 4 * in * in + 8 * in * in * wide / pixels;
  const double repeated = 2 * in * wide + elementwise_repeated * wide + covariance;
  return passes_stored * pass <= repeated ? Expansion::stored : Expansion::repeated;
}

View take_wide(Arena& arena, const BottleneckShape& shape, std::int64_t pixels) {
  return arena.take(shape.groups, shape.planes, shape.group * pixels, BottleneckShape::plane_channels);
}
}  // namespace

BottleneckShape::BottleneckShape(const View& x, const Filter& expand, const Filter& depthwise, const Filter& project,
                                 int stride_)
    : images(x.n), in_h(x.h), in_w(x.w), in(x.c), out_h(output_size(x.h, 3, {stride_, Padding::same})),
      out_w(output_size(x.w, 3, {stride_, Padding::same})), out(project.out), wide(depthwise.out),
      expansion(expand.present() ? Expansion::stored : Expansion::none), stride(stride_),
      padding_y(padding_before(x.h, 3, {stride_, Padding::same})),
      padding_x(padding_before(x.w, 3, {stride_, Padding::same})),
      planes((depthwise.out + plane_channels - 1) / plane_channels) {
  const std::int64_t fitting = std::max<std::int64_t>(1, group_pixels / std::max<std::int64_t>(1, in_pixels()));
  const std::int64_t enough = least_pixels / std::max<std::int64_t>(1, in_pixels());
  const std::int64_t wanted = std::clamp<std::int64_t>(std::max(images / least_groups, enough), 1, fitting);
  groups = (images + wanted - 1) / wanted;
  if (groups > 0) {  // as many as threads share equally
    const auto parts =
        static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(std::min(groups, least_groups))));
    groups = (groups + parts - 1) / parts * parts;
  }
  group = groups > 0 ? (images + groups - 1) / groups : 1;  // as even as can be
  groups = (images + group - 1) / group;
  if (expands()) expansion = cheapest_expansion(*this);
}

BottleneckSaved take_bottleneck_saved(Arena& arena, const BottleneckShape& shape) {
  BottleneckSaved saved;
  using Expansion = BottleneckShape::Expansion;
  if (shape.expansion == Expansion::stored) saved.expanded = take_wide(arena, shape, shape.in_pixels());
  if (shape.from_covariance()) {
    saved.input_mean = arena.take_vector(shape.in);
    saved.input_covariance = arena.take_vector(shape.in * shape.in);
  }
  if (shape.expands()) saved.bn1 = take_statistics(arena, shape.wide);
  saved.filtered = take_wide(arena, shape, shape.out_pixels());
  saved.bn2 = take_statistics(arena, shape.wide);
  saved.projected = arena.take(shape.images, shape.out_h, shape.out_w, shape.out);
  saved.bn3 = take_statistics(arena, shape.out);
  return saved;
}

BottleneckScratch take_bottleneck_scratch(Arena& arena, const BottleneckShape& shape) {
  BottleneckScratch scratch;
  scratch.dprojected = arena.take(shape.images, shape.out_h, shape.out_w, shape.out);
  scratch.dfiltered = take_wide(arena, shape, shape.out_pixels());
  if (shape.expansion == BottleneckShape::Expansion::stored)
    scratch.dexpanded = take_wide(arena, shape, shape.in_pixels());
  const View gamma = arena.take_vector(shape.out);
  scratch.bn3 = {gamma, arena.take_vector(shape.out)};
  return scratch;
}

}  // namespace danas
