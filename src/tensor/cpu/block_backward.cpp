#include <algorithm>

#include "tensor/cpu/block_moments.hpp"
#include "tensor/cpu/block_training.hpp"

namespace danas::cpu {
namespace {

constexpr Index pixel = plane_channels;
constexpr Index group_channels = group_planes * plane_channels;
constexpr Index project_rows = 96;      ///< of a tile on the way back through the projection
constexpr Index expand_floats = 65536;  ///< of a tile on the way back through the expansion
constexpr Index most_expand_rows = 256;
constexpr Index least_tasks = 16;
constexpr Index large_filter = 65536;  ///< elements of which few partial sums are worth their memory

/// Two sums a channel: in single precision over a block, in double over a task.
struct PairSums {
  float first[group_channels], second[group_channels];

  void clear() { *this = {}; }
  void add_to(double* pairs, Index channels) const {
    for (Index c = 0; c < channels; ++c) {
      pairs[2 * c] += static_cast<double>(first[c]);
      pairs[2 * c + 1] += static_cast<double>(second[c]);
    }
  }
};

/// dx = a·q + b·x + c of a normalization's gradient, by channel, zeros beyond the last.
struct Combination {
  float *a, *b, *c;

  static Combination take(Parts& parts, Index padded) {
    float* a = parts.take(padded);
    float* b = parts.take(padded);
    return {a, b, parts.take(padded)};
  }
};

/// The passes of one backward computation. Units of a pass are (chunk of image groups, channel group): each has its own
/// partial sums, added in their order by finish().
class Backward {
 public:
  Backward(const BlockTeam& team, const BottleneckShape& shape, const View& x, const BottleneckWeights& weights,
           double epsilon, const BottleneckSaved& saved, const BottleneckScratch& scratch,
           const BlockGradients& gradients)
      : team_(team), kernels_(team.kernels.block), shape_(shape), x_(x.as<const float>()), weights_(weights),
        epsilon_(epsilon), saved_(saved), scratch_(scratch), gradients_(gradients),
        chunks_(std::clamp<Index>(divide_up(least_tasks, shape.channel_groups()), 1, shape.groups)),
        rows_(std::clamp<Index>(expand_floats / shape.wide_padded() / 8 * 8, 24, most_expand_rows)),
        row_blocks_(divide_up(shape.group * shape.in_pixels(), rows_)) {
    const Index tasks = shape.in * shape.wide_padded() > large_filter ? least_tasks / 2 : least_tasks;
    expand_tasks_ = std::min(tasks, shape.groups * row_blocks_);
    place(Parts(), Parts());
    place(Parts(team.weights.take(size_)), Parts(team.partials.take(partials_size_)));
  }

  void run() {
    prepare();
    through_projection();
    through_filter();
    if (shape_.expands && wants_first()) through_expansion();
    finish();
  }

 private:
  bool wants_first() const { return gradients_.dx.present() || gradients_.weights.expand.present(); }

  void place(Parts parts, Parts partials) {
    const Index padded = shape_.wide_padded();
    project_panels_ = parts.take(Packer::wide_size(shape_.out, shape_));
    taps_ = parts.take(9 * padded);
    second_ = Normalization::take(parts, padded);
    combination_ = Combination::take(parts, padded);
    if (shape_.expands) {
      first_ = Normalization::take(parts, padded);
      expand_panels_ = parts.take(Packer::narrow_size(shape_.in, shape_));
      dexpand_ = partials.take(expand_tasks_ * shape_.in * padded);
    }
    size_ = parts.used();
    pairs_ = reinterpret_cast<double*>(partials.take(4 * chunks_ * padded));
    dproject_ = partials.take(chunks_ * shape_.out * padded);
    dtaps_ = partials.take(chunks_ * 9 * padded);
    partials_size_ = partials.used();
  }

  void prepare() const {
    Packer packer(team_.kernels.lanes);
    packer.add_wide(Matrix::transposed(weights_.project), shape_, project_panels_);
    if (shape_.expands) packer.add_narrow(Matrix::transposed(weights_.expand), shape_, expand_panels_);
    packer.run(team_.pool);
    pack_depthwise(weights_.depthwise, shape_, taps_);
    const Index padded = shape_.wide_padded();
    second_.set(saved_.bn2, weights_.bn2, epsilon_, shape_.wide, padded);
    if (shape_.expands) first_.set(saved_.bn1, weights_.bn1, epsilon_, shape_.wide, padded);
  }

  /// body(first image group, last, chunk, channel group, worker)
  template <class Body>
  void for_units(const Body& body) const {
    const Index channel_groups = shape_.channel_groups(), chunk = divide_up(shape_.groups, chunks_);
    team_.pool.run(chunks_ * channel_groups, [&](std::int64_t task, int worker) {
      const Index index = task / channel_groups, first = std::min(index * chunk, shape_.groups);
      body(first, std::min(first + chunk, shape_.groups), index, task % channel_groups,
           team_.workers[static_cast<std::size_t>(worker)]);
    });
  }
  double* pairs_of(Index chunk, Index plane) const {
    return pairs_ + 2 * (chunk * shape_.wide_padded() + plane * pixel);
  }

  /// The gradients of a normalization from the sums of q and of q·(x − mean), and what is left of its way back.
  void normalization_gradients(const BatchNormStatistics& statistics, const Normalization& normalization, Index rows,
                               const BatchNormGradients& gradients) const {
    const auto count = static_cast<double>(rows);
    for (Index c = 0; c < shape_.wide; ++c) {
      double sum = 0, products = 0;
      for (Index chunk = 0; chunk < chunks_; ++chunk) {
        sum += pairs_of(chunk, 0)[2 * c];
        products += pairs_of(chunk, 0)[2 * c + 1];
      }
      const double inverse = 1 / std::sqrt(static_cast<double>(statistics.variance.as<const float>()[c]) + epsilon_);
      const double gamma = products * inverse, factor = static_cast<double>(normalization.scale[c]);
      const double slope = -factor * inverse * gamma / count;
      if (gradients.beta.present()) gradients.beta.as<float>()[c] = static_cast<float>(sum);
      if (gradients.gamma.present()) gradients.gamma.as<float>()[c] = static_cast<float>(gamma);
      combination_.a[c] = static_cast<float>(factor);
      combination_.b[c] = static_cast<float>(slope);
      combination_.c[c] =
          static_cast<float>(-factor * sum / count - slope * static_cast<double>(normalization.mean[c]));
    }
    for (float* vector : {combination_.a, combination_.b, combination_.c})
      std::fill(vector + shape_.wide, vector + shape_.wide_padded(), 0.0f);
  }

  // q2 where the gradient of what the depthwise convolution gave will be, and the projection's gradient.
  void through_projection() const {
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

  void projection_unit(Index group, Index channels, float* tile, float* out, double* pairs) const {
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

  // Through the second normalization and the depthwise convolution: its filter's gradient, and q1 where the gradient of
  // what the expansion gave will be.
  void through_filter() const {
    for_units([&](Index first, Index last, Index chunk, Index channels, BlockWorker& worker) {
      const Index plane = shape_.first_plane(channels), width = shape_.planes_of(channels) * pixel;
      std::fill_n(pairs_of(chunk, plane), 2 * width, 0.0);
      PaddedTile dy(shape_.group, shape_.out_h, shape_.out_w, keeps_whole(shape_));
      const Index band = shape_.group * band_rows() * shape_.in_w * pixel;
      float* memory = worker.tiles.take(dy.floats() + 2 * band);
      dy.place(memory);
      for (int i = 0; i < shape_.planes_of(channels); ++i) {
        float* dw = dtaps_ + (chunk * shape_.planes + plane + i) * 9 * pixel;
        std::fill_n(dw, 9 * pixel, 0.0f);
        for (Index group = first; group < last; ++group)
          filter_unit({group, plane + i, dy, memory + dy.floats(), memory + dy.floats() + band, dw,
                       pairs_of(chunk, plane + i)});
      }
    });
    if (shape_.expands)
      normalization_gradients(saved_.bn1, first_, shape_.images * shape_.in_pixels(), gradients_.weights.bn1);
  }

  struct FilterUnit {
    Index group, plane;
    const PaddedTile& dy;
    float *x, *dx, *dw;
    double* pairs;
  };
  Index band_rows() const { return keeps_whole(shape_) ? shape_.in_h : std::min(PaddedTile::band_rows, shape_.in_h); }

  void filter_unit(const FilterUnit& unit) const {
    Index next = 0;
    for (Index row = 0; row < shape_.in_h; row += band_rows()) {
      const Index end = std::min(row + band_rows(), shape_.in_h);
      const Index need = std::min(shape_.out_h, (end - 1 + shape_.padding_y) / shape_.stride + 1);
      load_gradient(unit, next, need);
      next = std::max(next, need);
      filter_band(unit, row, end);
    }
  }

  void load_gradient(const FilterUnit& unit, Index first, Index last) const {
    const WidePlanes filtered(saved_.filtered), dfiltered(scratch_.dfiltered);
    const Index channel = unit.plane * pixel;
    for (Index image = 0; image < shape_.images_of(unit.group); ++image)
      unit.dy.for_runs(image, first, last, [&](Index begin, Index count, float* to) {
        const Index at = (image * shape_.out_h + begin) * shape_.out_w * pixel;
        PlaneCombination rows{};
        rows.x = dfiltered.at(unit.group, unit.plane) + at;
        rows.other = filtered.at(unit.group, unit.plane) + at;
        rows.x_row = shape_.out_w * pixel;
        rows.y = to;
        rows.y_row = unit.dy.row_floats();
        rows.rows = count;
        rows.pixels = shape_.out_w;
        rows.scale = combination_.a + channel;
        rows.other_scale = combination_.b + channel;
        rows.shift = combination_.c + channel;
        kernels_.plane_combine(rows);
      });
  }

  void filter_band(const FilterUnit& unit, Index first, Index last) const {
    const Index images = shape_.images_of(unit.group), channel = unit.plane * pixel;
    const Index row = shape_.in_w * pixel, at = first * row;
    PairSums sums;
    sums.clear();
    PlaneFilterBackward f{};
    f.dy = unit.dy.plane();
    f.stride = shape_.stride;
    f.images = images;
    f.first = first;
    f.last = last;
    f.width = shape_.in_w;
    f.padding_y = shape_.padding_y;
    f.padding_x = shape_.padding_x;
    f.weights = taps_ + unit.plane * 9 * pixel;
    f.x = unit.x;
    f.x_image = (last - first) * row;  // a band has one image, or its images are whole
    f.dw = unit.dw;
    f.sum = sums.first;
    f.products = sums.second;
    if (!shape_.expands) {
      const Index place = (unit.group * shape_.group * shape_.in_h + first) * shape_.in_w * shape_.in;
      copy_to_tile(team_, shape_, x_ + place, unit.plane, images * (last - first), unit.x, row);
      f.dx = unit.dx;
      kernels_.plane_filter_backward(f);
      if (gradients_.dx.present()) copy_gradient(unit, place, images * (last - first));
      return;
    }
    const WidePlanes expanded(saved_.expanded), dexpanded(scratch_.dexpanded);
    f.masked = true;
    f.expanded = expanded.at(unit.group, unit.plane) + at;
    f.mean = first_.mean + channel;
    f.dx = dexpanded.at(unit.group, unit.plane) + at;
    kernels_.plane_normalize({.x = f.expanded,
                              .x_row = 0,
                              .y = unit.x,
                              .y_row = 0,
                              .rows = 1,
                              .pixels = images * (last - first) * shape_.in_w,
                              .mean = f.mean,
                              .scale = first_.scale + channel,
                              .shift = first_.shift + channel});
    kernels_.plane_filter_backward(f);
    sums.add_to(unit.pairs, pixel);
  }

  /// A block without expansion: its input's gradient, from the tile.
  void copy_gradient(const FilterUnit& unit, Index place, Index rows) const {
    const Index channel = unit.plane * pixel;
    const float* residual = gradients_.residual.as<const float>();
    kernels_.from_plane({.x = unit.dx,
                         .x_row = shape_.in_w * pixel,
                         .x_pixel = pixel,
                         .y = gradients_.dx.as<float>() + place + channel,
                         .y_row = shape_.in_w * shape_.in,
                         .y_pixel = shape_.in,
                         .rows = rows,
                         .pixels = shape_.in_w,
                         .channels = std::min(pixel, shape_.in - channel),
                         .add = residual ? residual + place + channel : nullptr});
  }

  // Through the first normalization and the expansion, a block of pixels at a time.
  void through_expansion() const {
    const Index blocks = shape_.groups * row_blocks_, share = divide_up(blocks, expand_tasks_);
    team_.pool.run(expand_tasks_, [&](std::int64_t task, int worker) {
      float* tile = team_.workers[static_cast<std::size_t>(worker)].tiles.take(rows_ * shape_.wide_padded());
      float* out = dexpand_ + task * shape_.in * shape_.wide_padded();
      std::fill_n(out, shape_.in * shape_.wide_padded(), 0.0f);
      for (Index block = task * share; block < std::min((task + 1) * share, blocks); ++block)
        expansion_block(block / row_blocks_, block % row_blocks_ * rows_, tile, out);
    });
  }

  void expansion_block(Index group, Index row, float* tile, float* out) const {
    const Index rows = std::min(rows_, shape_.images_of(group) * shape_.in_pixels() - row);
    if (rows <= 0) return;
    const WidePlanes expanded(saved_.expanded), dexpanded(scratch_.dexpanded);
    for (Index plane = 0; plane < shape_.planes; ++plane) {
      PlaneCombination pixels{};
      pixels.x = dexpanded.at(group, plane) + row * pixel;
      pixels.other = expanded.at(group, plane) + row * pixel;
      pixels.y = tile + plane * rows * pixel;
      pixels.rows = 1;
      pixels.pixels = rows;
      pixels.scale = combination_.a + plane * pixel;
      pixels.other_scale = combination_.b + plane * pixel;
      pixels.shift = combination_.c + plane * pixel;
      kernels_.plane_combine(pixels);
    }
    const Index place = (group * shape_.group * shape_.in_pixels() + row) * shape_.in;
    if (gradients_.dx.present()) expansion_input(tile, rows, place);
    for (Index channels = 0; channels < shape_.channel_groups(); ++channels) {
      const Index plane = shape_.first_plane(channels);
      kernels_.wide_filter({.x = x_ + place,
                            .x_stride = shape_.in,
                            .depth = shape_.in,
                            .rows = rows,
                            .w = tile + plane * rows * pixel,
                            .w_plane = rows * pixel,
                            .planes = shape_.planes_of(channels),
                            .out = out + plane * pixel * shape_.in});
    }
  }

  void expansion_input(const float* tile, Index rows, Index place) const {
    const Index lanes = team_.kernels.lanes, vectors = divide_up(shape_.in, lanes);
    const float* residual = gradients_.residual.as<const float>();
    NarrowProduct product{};
    product.x = tile;
    product.x_plane = rows * pixel;
    product.planes = shape_.planes;
    product.rows = rows;
    product.y_stride = shape_.in;
    for (Index vector = 0; vector < vectors; vector += product.vectors) {
      const Index column = vector * lanes;
      product.vectors = panel_vectors(vectors - vector);
      product.columns = std::min(product.vectors * lanes, shape_.in - column);
      product.panel = expand_panels_ + column * shape_.wide_padded();
      product.add = residual ? residual + place + column : nullptr;
      product.y = gradients_.dx.as<float>() + place + column;
      kernels_.narrow(product);
    }
  }

  // The partial sums of the filters' gradients, in their order.
  void finish() const {
    const BottleneckGradients& wanted = gradients_.weights;
    team_.pool.run(shape_.channel_groups(), [&](std::int64_t channels, int) {
      const Index first = shape_.first_plane(channels) * pixel, width = shape_.planes_of(channels) * pixel;
      const Index used = std::min(width, shape_.wide - first), padded = shape_.wide_padded();
      float* dproject = dproject_ + first * shape_.out;
      if (wanted.project.present()) {
        sum(dproject, shape_.out * width, chunks_, shape_.out * padded);
        for (Index e = 0; e < used; ++e) {
          float* to = wanted.project.as<float>() + (first + e) * wanted.project.row_stride;
          for (Index o = 0; o < shape_.out; ++o) to[o] = dproject[o * width + e];
        }
      }
      if (wanted.depthwise.present()) {
        sum(dtaps_ + first * 9, width * 9, chunks_, padded * 9);
        for (Index e = 0; e < used; ++e)
          for (Index tap = 0; tap < 9; ++tap)
            wanted.depthwise.as<float>()[tap * wanted.depthwise.tap_stride + first + e] =
                dtaps_[((first + e) / pixel * 9 + tap) * pixel + (first + e) % pixel];
      }
      if (shape_.expands && wanted.expand.present()) {
        float* dexpand = dexpand_ + first * shape_.in;
        sum(dexpand, shape_.in * width, expand_tasks_, shape_.in * padded);
        for (Index i = 0; i < shape_.in; ++i)
          std::copy_n(dexpand + i * width, used, wanted.expand.as<float>() + i * wanted.expand.row_stride + first);
      }
    });
  }
  void sum(float* partials, Index size, Index count, Index stride) const {
    team_.kernels.sum_partials(size, partials, count, stride, partials);
  }

  const BlockTeam& team_;
  const BlockKernels& kernels_;
  const BottleneckShape& shape_;
  const float* x_;
  const BottleneckWeights& weights_;
  const double epsilon_;
  const BottleneckSaved& saved_;
  const BottleneckScratch& scratch_;
  const BlockGradients& gradients_;
  const Index chunks_, rows_, row_blocks_;
  Index expand_tasks_ = 0, size_ = 0, partials_size_ = 0;
  float *project_panels_ = nullptr, *expand_panels_ = nullptr, *taps_ = nullptr;
  Normalization first_{}, second_{};
  Combination combination_{};
  double* pairs_ = nullptr;
  float *dproject_ = nullptr, *dtaps_ = nullptr, *dexpand_ = nullptr;
};

}  // namespace

void backward(const BlockTeam& team, const BottleneckShape& shape, const View& x, const BottleneckWeights& weights,
              double epsilon, const BottleneckSaved& saved, const BottleneckScratch& scratch,
              const BlockGradients& gradients) {
  Backward(team, shape, x, weights, epsilon, saved, scratch, gradients).run();
}

}  // namespace danas::cpu
