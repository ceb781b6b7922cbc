// Back through a block whose expanded tensor's statistics came from its input's covariance: the gradient of the expanded
// tensor exists in a tile alone. What the statistics add to the gradients is algebra on the covariance and one product of
// the input with a matrix [in][in].
#include "tensor/cpu/block_backward.hpp"
#include "tensor/cpu/block_covariance.hpp"

namespace danas::cpu {
namespace {

constexpr Index correction_rows = 256;

class CovarianceBackward : public BackwardPass {
 public:
  template <class... Arguments>
  explicit CovarianceBackward(const Arguments&... arguments) : BackwardPass(arguments...) {
    chunks_ = std::min(least_tasks, shape_.groups);
    take_memory([this](Parts& parts, Parts& partials) { place(parts, partials); });
  }

  void run() {
    prepare();
    through_projection();
    through_tiles();
    sum_tiles();
    mix_weights();
    if (gradients_.dx.present()) correct_input();
  }

 private:
  void place(Parts& parts, Parts& partials) {
    const Index padded = shape_.wide_padded(), in = shape_.in;
    place_shared(parts, partials);
    first_ = Normalization::take(parts, padded);
    scaled_ = parts.take(in * shape_.wide);
    repeat_panels_ = parts.take(Packer::wide_size(in, shape_));
    expand_panels_ = parts.take(Packer::narrow_size(in, shape_));
    slope_ = parts.take(padded);
    level_ = parts.take(padded);
    mixed_ = parts.take(in * shape_.wide);
    turned_panels_ = parts.take(shape_.wide * divide_up(in, plane_channels) * plane_channels);
    matrix_ = parts.take(in * in);
    constant_ = parts.take(divide_up(in, plane_channels) * plane_channels);
    matrix_panels_ = parts.take(in * divide_up(in, plane_channels) * plane_channels);
    dexpand_ = partials.take(chunks_ * in * padded);
  }

  void prepare() const {
    set_vectors();
    first_.set(saved_.bn1, weights_.bn1, epsilon_, shape_.wide, shape_.wide_padded());
    scale_filter(weights_.expand, first_.scale, scaled_);
    Packer packer(team_.kernels.lanes);
    add_panels(packer);
    packer.add_wide({scaled_, shape_.in, shape_.wide, shape_.wide, 1}, shape_, repeat_panels_);
    packer.add_narrow({scaled_, shape_.wide, 1, shape_.in, shape_.wide}, shape_, expand_panels_);
    packer.add(Matrix::transposed(weights_.expand), shape_.wide, turned_panels_);
    packer.run(team_.pool);
  }

  // A chunk of image groups a task, all channels: a band's input is centered once, and its gradient is one product.
  void through_tiles() const {
    const Index chunk = divide_up(shape_.groups, chunks_);
    team_.pool.run(chunks_, [&](std::int64_t task, int worker) {
      std::fill_n(pairs_of(task, 0), 2 * shape_.wide_padded(), 0.0);
      std::fill_n(dtaps_ + task * 9 * shape_.wide_padded(), 9 * shape_.wide_padded(), 0.0f);
      std::fill_n(dexpand_ + task * shape_.in * shape_.wide_padded(), shape_.in * shape_.wide_padded(), 0.0f);
      const Tiles tiles = place_tiles(team_.workers[static_cast<std::size_t>(worker)]);
      const Index first = std::min(task * chunk, shape_.groups), last = std::min(first + chunk, shape_.groups);
      for (Index group = first; group < last; ++group) through_group(task, group, tiles);
    });
  }

  struct Tiles {
    PaddedTile dy;
    float *centered, *activated, *gradient;  ///< of a band; the last has all planes
    Index plane;                             ///< floats of a plane of the last two
    const std::int32_t* offsets;
  };

  Tiles place_tiles(BlockWorker& worker) const {
    const Index pixels = shape_.group * band_rows() * shape_.in_w;
    Tiles tiles{{shape_.group, shape_.out_h, shape_.out_w, keeps_whole(shape_), tile_planes(shape_)},
                nullptr,
                nullptr,
                nullptr,
                pixels * pixel,
                nullptr};
    Parts parts(
        worker.tiles.take(tiles.dy.floats() + ((group_planes + shape_.planes) * pixel + shape_.in) * pixels + 64));
    tiles.dy.place(parts.take(tiles.dy.floats()));
    tiles.activated = parts.take(group_planes * tiles.plane);
    tiles.gradient = parts.take(shape_.planes * tiles.plane);
    tiles.centered = parts.take(pixels * shape_.in);
    if (static_cast<Index>(worker.offsets.size()) < pixels) worker.offsets.resize(static_cast<std::size_t>(pixels));
    for (Index i = 0; i < pixels; ++i)
      worker.offsets[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i * pixel);
    tiles.offsets = worker.offsets.data();
    return tiles;
  }

  void through_group(Index chunk, Index group, const Tiles& tiles) const {
    const Index images = shape_.images_of(group);
    Index next = 0;
    for (Index row = 0; row < shape_.in_h; row += band_rows()) {
      const Index end = std::min(row + band_rows(), shape_.in_h), need = output_rows(end);
      const Index rows = images * (end - row) * shape_.in_w;
      const Index place = (group * shape_.group * shape_.in_h + row) * shape_.in_w * shape_.in;
      center_rows(team_, saved_.input_mean, x_ + place, rows, tiles.centered);
      for (Index channels = 0; channels < shape_.channel_groups(); ++channels) {
        repeat_expansion(channels, rows, tiles);
        PairSums sums;
        sums.clear();
        for (int i = 0; i < shape_.planes_of(channels); ++i) {
          const Index plane = shape_.first_plane(channels) + i;
          const int tile_plane = static_cast<int>(keeps_whole(shape_) ? i : plane);
          load_gradient(group, plane, next, need, tiles.dy, tile_plane);
          PlaneFilterBackward f = filter_backward(plane, images, row, end);
          f.dy = tiles.dy.plane(tile_plane);
          f.masked = true;
          f.x = tiles.activated + i * tiles.plane;
          f.dx = tiles.gradient + plane * tiles.plane;
          f.dw = dtaps_ + (chunk * shape_.planes + plane) * 9 * pixel;
          f.sum = sums.first + i * pixel;
          kernels_.plane_filter_backward(f);
        }
        sums.add_to(pairs_of(chunk, shape_.first_plane(channels)), shape_.planes_of(channels) * pixel);
        add_filter_gradient(chunk, channels, rows, tiles);
      }
      next = std::max(next, need);
      if (gradients_.dx.present()) input_gradient(rows, place, tiles);
    }
  }

  void repeat_expansion(Index channels, Index rows, const Tiles& tiles) const {
    const Index plane = shape_.first_plane(channels);
    WideActivated product{};
    product.x = tiles.centered;
    product.x_stride = product.depth = shape_.in;
    product.rows = rows;
    product.panel = repeat_panels_ + plane * pixel * shape_.in;
    product.planes = shape_.planes_of(channels);
    product.y = tiles.activated;
    product.y_plane = tiles.plane;
    product.bias = first_.shift + plane * pixel;
    product.offsets = tiles.offsets;
    kernels_.wide_activated(product);
  }

  void add_filter_gradient(Index chunk, Index channels, Index rows, const Tiles& tiles) const {
    const Index plane = shape_.first_plane(channels);
    kernels_.wide_filter({.x = tiles.centered,
                          .x_stride = shape_.in,
                          .depth = shape_.in,
                          .rows = rows,
                          .w = tiles.gradient + plane * tiles.plane,
                          .w_plane = tiles.plane,
                          .planes = shape_.planes_of(channels),
                          .out = dexpand_ + (chunk * shape_.wide_padded() + plane * pixel) * shape_.in});
  }

  void input_gradient(Index rows, Index place, const Tiles& tiles) const {
    NarrowProduct product{};
    product.x = tiles.gradient;
    product.x_plane = tiles.plane;
    product.planes = shape_.planes;
    product.rows = rows;
    product.y_stride = shape_.in;
    const float* residual = gradients_.residual.as<const float>();
    for_narrow_panels(shape_.in, team_.kernels.lanes, [&](const NarrowPanel& panel) {
      product.vectors = panel.vectors;
      product.pairs = panel.pairs;
      product.columns = panel.columns;
      product.panel = expand_panels_ + panel.column * shape_.wide_padded();
      product.add = residual ? residual + place + panel.column : nullptr;
      product.y = gradients_.dx.as<float>() + place + panel.column;
      kernels_.narrow(product);
    });
  }

  // Over the chunks, in place of the first; what is then left is the expansion's filter and the correction of dx.
  void sum_tiles() const {
    team_.pool.run(shape_.channel_groups(), [&](std::int64_t channels, int) {
      finish(channels);
      const Index first = shape_.first_plane(channels) * pixel, width = shape_.planes_of(channels) * pixel;
      sum(dexpand_ + first * shape_.in, width * shape_.in, chunks_, shape_.in * shape_.wide_padded());
      first_gradients(first, width);
    });
  }

  // With h = (x·w − mean)/√(variance + ε): dγ = Σ q·h = w·Σ q·(x − mean)/√…; what is left of the way back is
  // dy = scale·q − level − slope·(y − mean).
  void first_gradients(Index first, Index width) const {
    const BatchNormGradients& wanted = gradients_.weights.bn1;
    const auto count = static_cast<double>(shape_.images * shape_.in_pixels());
    const Index channels = std::min(width, shape_.wide - first);
    double betas[group_channels] = {}, dots[group_channels] = {};
    for (Index chunk = 0; chunk < chunks_; ++chunk)
      for (Index c = 0; c < channels; ++c) betas[c] += pairs_of(chunk, 0)[2 * (first + c)];
    for (Index i = 0; i < shape_.in; ++i) {
      const float *w = row_of(i) + first, *gradient = dexpand_ + first * shape_.in + i * width;
      for (Index c = 0; c < channels; ++c) dots[c] += static_cast<double>(gradient[c]) * static_cast<double>(w[c]);
    }
    for (Index c = 0; c < channels; ++c) {
      const Index e = first + c;
      const double inverse = 1 / std::sqrt(static_cast<double>(saved_.bn1.variance.as<const float>()[e]) + epsilon_);
      const double gamma = dots[c] * inverse, beta = betas[c], scale = static_cast<double>(first_.scale[e]);
      if (wanted.beta.present()) wanted.beta.as<float>()[e] = static_cast<float>(beta);
      if (wanted.gamma.present()) wanted.gamma.as<float>()[e] = static_cast<float>(gamma);
      slope_[e] = static_cast<float>(scale * inverse * gamma / count);
      level_[e] = static_cast<float>(scale * beta / count);
    }
  }

  // dw = scale·Σ q·(x − mean) − slope·M·C·w, and what dx still lacks: −(x − mean)·(w·slope·wᵀ) − level·wᵀ.
  void mix_weights() const {
    team_.pool.run(shape_.in, [&](std::int64_t i, int) {
      if (gradients_.weights.expand.present()) expand_gradient(i);
      const float* row = row_of(i);
      float* weighted = mixed_ + i * shape_.wide;
      double constant = 0;
      for (Index e = 0; e < shape_.wide; ++e) {
        weighted[e] = -slope_[e] * row[e];
        constant -= static_cast<double>(level_[e]) * static_cast<double>(row[e]);
      }
      constant_[i] = static_cast<float>(constant);
      product(weighted, 1, shape_.wide, turned_panels_, nullptr, false, matrix_ + i * shape_.in);
    });
  }
  const float* row_of(Index i) const { return weights_.expand.as<const float>() + i * weights_.expand.row_stride; }

  void expand_gradient(Index i) const {
    const Filter& wanted = gradients_.weights.expand;
    const auto count = static_cast<float>(shape_.images * shape_.in_pixels());
    float* mixed = mixed_ + i * shape_.wide;
    std::fill_n(mixed, shape_.wide, 0.0f);
    for (Index j = 0; j < shape_.in; ++j) {
      const float factor = count * saved_.input_covariance.as<const float>()[i * shape_.in + j];
      const float* row = row_of(j);
      for (Index e = 0; e < shape_.wide; ++e) mixed[e] += factor * row[e];
    }
    float* to = wanted.as<float>() + i * wanted.row_stride;
    for (Index channels = 0; channels < shape_.channel_groups(); ++channels) {
      const Index first = shape_.first_plane(channels) * pixel, width = shape_.planes_of(channels) * pixel;
      const float* gradient = dexpand_ + first * shape_.in + i * width;
      for (Index e = first; e < std::min(first + width, shape_.wide); ++e)
        to[e] = first_.scale[e] * gradient[e - first] - slope_[e] * mixed[e];
    }
  }

  /// y [rows][in] (+)= bias + x [rows][depth]·panels
  void product(const float* x, Index rows, Index depth, const float* panels, const float* bias, bool accumulate,
               float* y) const {
    const Index in = shape_.in, lanes = team_.kernels.lanes, vectors = divide_up(in, lanes);
    for (Index vector = 0; vector < vectors;) {
      const Index column = vector * lanes;
      const int width = panel_vectors(vectors - vector);
      team_.kernels.matmul({.x = x,
                            .x_stride = depth,
                            .rows = rows,
                            .depth = depth,
                            .panel = panels + column * depth,
                            .vectors = width,
                            .columns = std::min(width * lanes, in - column),
                            .bias = bias ? bias + column : nullptr,
                            .act = Activation::none,
                            .y = y + column,
                            .y_stride = in,
                            .accumulate = accumulate});
      vector += width;
    }
  }

  void correct_input() const {
    Packer packer(team_.kernels.lanes);
    packer.add({matrix_, shape_.in, shape_.in, shape_.in, 1}, shape_.in, matrix_panels_);
    packer.run(team_.pool);
    const Index all = shape_.images * shape_.in_pixels();
    team_.pool.run(divide_up(all, correction_rows), [&](std::int64_t task, int worker) {
      const Index begin = task * correction_rows;
      correct_rows(begin, std::min(correction_rows, all - begin), team_.workers[static_cast<std::size_t>(worker)]);
    });
  }

  void correct_rows(Index begin, Index rows, BlockWorker& worker) const {
    const Index in = shape_.in;
    float* centered = worker.tiles.take(correction_rows * in);
    center_rows(team_, saved_.input_mean, x_ + begin * in, rows, centered);
    product(centered, rows, in, matrix_panels_, constant_, true, gradients_.dx.as<float>() + begin * in);
  }

  Normalization first_{};
  float *scaled_ = nullptr, *repeat_panels_ = nullptr, *slope_ = nullptr, *level_ = nullptr, *mixed_ = nullptr;
  float *turned_panels_ = nullptr, *matrix_ = nullptr, *constant_ = nullptr, *matrix_panels_ = nullptr;
};

}  // namespace

void backward_from_covariance(const BlockTeam& team, const BottleneckShape& shape, const View& x,
                              const BottleneckWeights& weights, double epsilon, const BottleneckSaved& saved,
                              const BottleneckScratch& scratch, const BlockGradients& gradients) {
  CovarianceBackward(team, shape, x, weights, epsilon, saved, scratch, gradients).run();
}

}  // namespace danas::cpu
