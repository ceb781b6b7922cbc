#include "tensor/cpu/block_backward.hpp"

#include "tensor/cpu/transpose.hpp"

namespace danas::cpu {
namespace {

constexpr Index project_rows = 96;  ///< of a tile on the way back through the projection

}  // namespace

void BackwardPass::place_shared(Parts& parts, Parts& partials) {
  const Index padded = shape_.wide_padded();
  project_panels_ = parts.take(Packer::wide_size(shape_.out, shape_));
  taps_ = parts.take(9 * padded);
  second_ = Normalization::take(parts, padded);
  combination_ = Combination::take(parts, padded);
  pairs_ = reinterpret_cast<double*>(partials.take(4 * chunks_ * padded));
  dproject_ = partials.take(chunks_ * shape_.out * padded);
  dtaps_ = partials.take(chunks_ * 9 * padded);
}

void BackwardPass::add_panels(Packer& packer) const {
  packer.add_wide(Matrix::transposed(weights_.project), shape_, project_panels_);
}

void BackwardPass::set_vectors() const {
  pack_depthwise(weights_.depthwise, shape_, taps_);
  second_.set(saved_.bn2, weights_.bn2, epsilon_, shape_.wide, shape_.wide_padded());
}

void BackwardPass::normalization_gradients(const BatchNormStatistics& statistics, const Normalization& normalization,
                                           Index rows, const BatchNormGradients& gradients) const {
  const auto count = static_cast<double>(rows);
  for (Index chunk = 1; chunk < chunks_; ++chunk)
    for (Index i = 0; i < 2 * shape_.wide; ++i) pairs_[i] += pairs_of(chunk, 0)[i];
  for (Index c = 0; c < shape_.wide; ++c) {
    const double sum = pairs_[2 * c], products = pairs_[2 * c + 1];
    const double inverse = 1 / std::sqrt(static_cast<double>(statistics.variance.as<const float>()[c]) + epsilon_);
    const double gamma = products * inverse, factor = static_cast<double>(normalization.scale[c]);
    const double slope = -factor * inverse * gamma / count;
    if (gradients.beta.present()) gradients.beta.as<float>()[c] = static_cast<float>(sum);
    if (gradients.gamma.present()) gradients.gamma.as<float>()[c] = static_cast<float>(gamma);
    combination_.a[c] = static_cast<float>(factor);
    combination_.b[c] = static_cast<float>(slope);
    combination_.c[c] = static_cast<float>(-factor * sum / count - slope * static_cast<double>(normalization.mean[c]));
  }
  for (float* vector : {combination_.a, combination_.b, combination_.c})
    std::fill(vector + shape_.wide, vector + shape_.wide_padded(), 0.0f);
}

void BackwardPass::through_projection() const {
  for_units([&](Index first, Index last, Index chunk, Index channels, BlockWorker& worker) {
    const Index plane = shape_.first_plane(channels), width = shape_.planes_of(channels) * pixel;
    float* out = dproject_ + (chunk * shape_.wide_padded() + plane * pixel) * shape_.out;
    std::fill_n(out, shape_.out * width, 0.0f);
    std::fill_n(pairs_of(chunk, plane), 2 * width, 0.0);
    float* tile = worker.tiles.take(group_channels * project_rows);
    for (Index group = first; group < last; ++group)
      projection_unit(group, channels, tile, out, pairs_of(chunk, plane));
  });
  normalization_gradients(saved_.bn2, second_, saved_.projected.rows(), gradients_.weights.bn2);
}

void BackwardPass::projection_unit(Index group, Index channels, float* tile, float* out, double* pairs) const {
  const Index plane = shape_.first_plane(channels), count = shape_.images_of(group) * shape_.out_pixels();
  const int planes = shape_.planes_of(channels);
  const WidePlanes filtered(saved_.filtered), dfiltered(scratch_.dfiltered);
  const float* dy = scratch_.dprojected.as<const float>() + group * shape_.group * shape_.out_pixels() * shape_.out;
  PairSums sums;
  WideBackward product{};
  product.x_stride = product.depth = shape_.out;
  product.panel = project_panels_ + plane * pixel * shape_.out;
  product.planes = planes;
  product.y_plane = dfiltered.plane;
  product.mean = second_.mean + plane * pixel;
  product.scale = second_.scale + plane * pixel;
  product.shift = second_.shift + plane * pixel;
  product.z = tile;
  product.z_plane = project_rows * pixel;
  product.sum = sums.first;
  product.products = sums.second;
  for (Index row = 0; row < count; row += project_rows) {
    sums.clear();
    product.x = dy + row * shape_.out;
    product.rows = std::min(project_rows, count - row);
    product.y = dfiltered.at(group, plane) + row * pixel;
    product.filtered = filtered.at(group, plane) + row * pixel;
    kernels_.wide_backward(product);
    kernels_.wide_filter({.x = product.x,
                          .x_stride = shape_.out,
                          .depth = shape_.out,
                          .rows = product.rows,
                          .w = tile,
                          .w_plane = product.z_plane,
                          .planes = planes,
                          .out = out});
    sums.add_to(pairs, planes * pixel);
  }
}

void BackwardPass::load_gradient(Index group, Index plane, Index first, Index last, const PaddedTile& tile,
                                 int tile_plane) const {
  const WidePlanes filtered(saved_.filtered), dfiltered(scratch_.dfiltered);
  const Index channel = plane * pixel;
  for (Index image = 0; image < shape_.images_of(group); ++image)
    tile.for_runs(tile_plane, image, first, last, [&](Index begin, Index count, float* to) {
      const Index at = (image * shape_.out_h + begin) * shape_.out_w * pixel;
      PlaneCombination rows{};
      rows.x = dfiltered.at(group, plane) + at;
      rows.other = filtered.at(group, plane) + at;
      rows.x_row = shape_.out_w * pixel;
      rows.y = to;
      rows.y_row = tile.row_floats();
      rows.rows = count;
      rows.pixels = shape_.out_w;
      rows.scale = combination_.a + channel;
      rows.other_scale = combination_.b + channel;
      rows.shift = combination_.c + channel;
      kernels_.plane_combine(rows);
    });
}

PlaneFilterBackward BackwardPass::filter_backward(Index plane, Index images, Index first, Index last) const {
  PlaneFilterBackward f{};
  f.stride = shape_.stride;
  f.images = images;
  f.first = first;
  f.last = last;
  f.width = shape_.in_w;
  f.padding_y = shape_.padding_y;
  f.padding_x = shape_.padding_x;
  f.weights = taps_ + plane * 9 * pixel;
  f.x_pixel = pixel;
  f.x_image = (last - first) * shape_.in_w * pixel;  // a band has one image, or its images are whole
  return f;
}

void BackwardPass::finish(Index channels) const {
  const BottleneckGradients& wanted = gradients_.weights;
  const Index first = shape_.first_plane(channels) * pixel, width = shape_.planes_of(channels) * pixel;
  const Index used = std::min(width, shape_.wide - first), padded = shape_.wide_padded();
  float* dproject = dproject_ + first * shape_.out;
  if (wanted.project.present()) {
    sum(dproject, shape_.out * width, chunks_, shape_.out * padded);
    transpose(dproject, width, shape_.out, used, wanted.project.as<float>() + first * wanted.project.row_stride,
              wanted.project.row_stride);
  }
  if (!wanted.depthwise.present()) return;
  sum(dtaps_ + first * 9, width * 9, chunks_, padded * 9);
  for (Index e = 0; e < used; ++e)
    for (Index tap = 0; tap < 9; ++tap)
      wanted.depthwise.as<float>()[tap * wanted.depthwise.tap_stride + first + e] =
          dtaps_[((first + e) / pixel * 9 + tap) * pixel + (first + e) % pixel];
}

void backward(const BlockTeam& team, const BottleneckShape& shape, const View& x, const BottleneckWeights& weights,
              double epsilon, const BottleneckSaved& saved, const BottleneckScratch& scratch,
              const BlockGradients& gradients) {
  const auto pass = shape.from_covariance() ? backward_from_covariance : backward_stored;
  pass(team, shape, x, weights, epsilon, saved, scratch, gradients);
}

}  // namespace danas::cpu
