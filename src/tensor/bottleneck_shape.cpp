#include "tensor/bottleneck_shape.hpp"

#include <algorithm>

#include "tensor/arena.hpp"

namespace danas {

namespace {
constexpr std::int64_t group_pixels = 200;  ///< the unit's tiles of 48 channels stay near the first-level cache
constexpr std::int64_t least_groups = 8;    ///< work for the threads, where there are the images

View take_wide(Arena& arena, const BottleneckShape& shape, std::int64_t pixels) {
  return arena.take(shape.groups, shape.planes, shape.group * pixels, BottleneckShape::plane_channels);
}

BatchNormStatistics take_statistics(Arena& arena, std::int64_t channels) {
  const View mean = arena.take_vector(channels);
  return {mean, arena.take_vector(channels)};
}
}  // namespace

BottleneckShape::BottleneckShape(const View& x, const Filter& expand, const Filter& depthwise, const Filter& project,
                                 int stride_)
    : images(x.n), in_h(x.h), in_w(x.w), in(x.c), out_h(output_size(x.h, 3, {stride_, Padding::same})),
      out_w(output_size(x.w, 3, {stride_, Padding::same})), out(project.out), wide(depthwise.out),
      expands(expand.present()), stride(stride_), padding_y(padding_before(x.h, 3, {stride_, Padding::same})),
      padding_x(padding_before(x.w, 3, {stride_, Padding::same})),
      planes((depthwise.out + plane_channels - 1) / plane_channels) {
  const std::int64_t fitting = std::max<std::int64_t>(1, group_pixels / std::max<std::int64_t>(1, in_pixels()));
  const std::int64_t wanted = std::clamp<std::int64_t>(images / least_groups, 1, fitting);
  groups = (images + wanted - 1) / wanted;
  group = groups > 0 ? (images + groups - 1) / groups : 1;  // as even as can be
  groups = (images + group - 1) / group;
}

BottleneckSaved take_bottleneck_saved(Arena& arena, const BottleneckShape& shape) {
  BottleneckSaved saved;
  if (shape.expands) {
    saved.expanded = take_wide(arena, shape, shape.in_pixels());
    saved.bn1 = take_statistics(arena, shape.wide);
  }
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
  if (shape.expands) scratch.dexpanded = take_wide(arena, shape, shape.in_pixels());
  const View gamma = arena.take_vector(shape.out);
  scratch.bn3 = {gamma, arena.take_vector(shape.out)};
  return scratch;
}

}  // namespace danas
