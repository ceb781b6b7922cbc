#include "tensor/cpu/block_backward.hpp"

namespace danas::cpu {
namespace {

constexpr Index block_rows = 96;  ///< of an expanded tensor's gradient

class StoredBackward : public BackwardPass {
 public:
  template <class... Arguments>
  explicit StoredBackward(const Arguments&... arguments) : BackwardPass(arguments...) {
    chunks_ = std::clamp<Index>(divide_up(least_tasks, shape_.channel_groups()), 1, shape_.groups);
    take_memory([this](Parts& parts, Parts& partials) { place(parts, partials); });
  }

  void run() {
    prepare();
    through_projection();
    through_filter();
    if (shape_.expands() && wants_first()) through_normalization();
    if (shape_.expands() && gradients_.dx.present()) through_expansion();
    team_.pool.run(shape_.channel_groups(), [&](std::int64_t channels, int) {
      finish(channels);
      if (shape_.expands() && gradients_.weights.expand.present()) finish_expand(channels);
    });
  }

 private:
  bool wants_first() const { return gradients_.dx.present() || gradients_.weights.expand.present(); }

  void place(Parts& parts, Parts& partials) {
    place_shared(parts, partials);
    if (!shape_.expands()) return;
    first_ = Normalization::take(parts, shape_.wide_padded());
    expand_panels_ = parts.take(Packer::narrow_size(shape_.in, shape_));
    dexpand_ = partials.take(chunks_ * shape_.in * shape_.wide_padded());
  }

  void prepare() const {
    Packer packer(team_.kernels.lanes);
    add_panels(packer);
    if (shape_.expands()) packer.add_narrow(Matrix::transposed(weights_.expand), shape_, expand_panels_);
    packer.run(team_.pool);
    set_vectors();
    if (shape_.expands()) first_.set(saved_.bn1, weights_.bn1, epsilon_, shape_.wide, shape_.wide_padded());
  }

  // Through the second normalization and the depthwise convolution: its filter's gradient, and q1 where the gradient of
  // what the expansion gave will be.
  void through_filter() const {
    for_units([&](Index first, Index last, Index chunk, Index channels, BlockWorker& worker) {
      const Index plane = shape_.first_plane(channels);
      const int planes = shape_.planes_of(channels);
      std::fill_n(pairs_of(chunk, plane), 2 * planes * pixel, 0.0);
      std::fill_n(taps_of(chunk, plane), planes * 9 * pixel, 0.0f);
      PaddedTile dy(shape_.group, shape_.out_h, shape_.out_w, keeps_whole(shape_), keeps_whole(shape_) ? 1 : planes);
      const Index band = shape_.group * band_rows() * shape_.in_w * pixel;
      float* memory = worker.tiles.take(dy.floats() + 2 * band);
      dy.place(memory);
      for (Index group = first; group < last; ++group)
        filter_group(group, chunk, channels, {dy, memory + dy.floats(), memory + dy.floats() + band});
    });
    if (shape_.expands())
      normalization_gradients(saved_.bn1, first_, shape_.images * shape_.in_pixels(), gradients_.weights.bn1);
  }

  float* taps_of(Index chunk, Index plane) const { return dtaps_ + (chunk * shape_.planes + plane) * 9 * pixel; }

  struct FilterTiles {
    const PaddedTile& dy;
    float *x, *dx;
  };
  struct FilterUnit {
    Index group, plane;
    PaddedPlane dy;
    float *x, *dx, *dw;
    double* pairs;
  };

  // A band's planes one after the other: what they share of the narrow tensors' lines is in cache.
  void filter_group(Index group, Index chunk, Index channels, const FilterTiles& tiles) const {
    Index next = 0;
    for (Index row = 0; row < shape_.in_h; row += band_rows()) {
      const Index end = std::min(row + band_rows(), shape_.in_h), need = output_rows(end);
      for (int i = 0; i < shape_.planes_of(channels); ++i) {
        const Index plane = shape_.first_plane(channels) + i;
        const int tile_plane = keeps_whole(shape_) ? 0 : i;
        load_gradient(group, plane, next, need, tiles.dy, tile_plane);
        filter_band({group, plane, tiles.dy.plane(tile_plane), tiles.x, tiles.dx, taps_of(chunk, plane),
                     pairs_of(chunk, plane)},
                    row, end);
      }
      next = std::max(next, need);
    }
  }

  void filter_band(const FilterUnit& unit, Index first, Index last) const {
    const Index images = shape_.images_of(unit.group), channel = unit.plane * pixel;
    const Index row = shape_.in_w * pixel, at = first * row;
    PairSums sums;
    sums.clear();
    PlaneFilterBackward f = filter_backward(unit.plane, images, first, last);
    f.dy = unit.dy;
    f.x = unit.x;
    f.dw = unit.dw;
    f.sum = sums.first;
    f.products = sums.second;
    if (!shape_.expands()) {
      const Index place = (unit.group * shape_.group * shape_.in_h + first) * shape_.in_w * shape_.in;
      if (in_place()) {
        f.x = x_ + place + channel;
        f.dx = gradients_.dx.as<float>() + place + channel;
        f.x_pixel = shape_.in;
        f.x_image = (last - first) * shape_.in_w * shape_.in;
        return kernels_.plane_filter_backward(f);
      }
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

  /// A block without expansion whose planes are whole: its input is read and its gradient written where they are.
  bool in_place() const { return shape_.in % pixel == 0 && gradients_.dx.present() && !gradients_.residual.present(); }

  /// Any other without expansion: its input's gradient, from the tile.
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

  // Through the first normalization, in place, and to the expansion's gradient: a channel group has all rows, so that
  // wide filters have few partial sums.
  void through_normalization() const {
    const WidePlanes dexpanded(scratch_.dexpanded);
    for_units([&](Index first, Index last, Index chunk, Index channels, BlockWorker&) {
      const Index plane = shape_.first_plane(channels), width = shape_.planes_of(channels) * pixel;
      float* out = dexpand_ + (chunk * shape_.wide_padded() + plane * pixel) * shape_.in;
      std::fill_n(out, shape_.in * width, 0.0f);
      for (Index group = first; group < last; ++group)
        for (Index row = 0; row < group_rows(group); row += block_rows) {
          const Index rows = std::min(block_rows, group_rows(group) - row);
          combine(group, channels, row, rows);
          kernels_.wide_filter({.x = x_ + (group * shape_.group * shape_.in_pixels() + row) * shape_.in,
                                .x_stride = shape_.in,
                                .depth = shape_.in,
                                .rows = rows,
                                .w = dexpanded.at(group, plane) + row * pixel,
                                .w_plane = dexpanded.plane,
                                .planes = shape_.planes_of(channels),
                                .out = out});
        }
    });
  }
  Index group_rows(Index group) const { return shape_.images_of(group) * shape_.in_pixels(); }

  void combine(Index group, Index channels, Index row, Index rows) const {
    const WidePlanes expanded(saved_.expanded), dexpanded(scratch_.dexpanded);
    for (int i = 0; i < shape_.planes_of(channels); ++i) {
      const Index plane = shape_.first_plane(channels) + i;
      PlaneCombination pixels{};
      pixels.y = dexpanded.at(group, plane) + row * pixel;
      pixels.x = pixels.y;
      pixels.other = expanded.at(group, plane) + row * pixel;
      pixels.rows = 1;
      pixels.pixels = rows;
      pixels.scale = combination_.a + plane * pixel;
      pixels.other_scale = combination_.b + plane * pixel;
      pixels.shift = combination_.c + plane * pixel;
      kernels_.plane_combine(pixels);
    }
  }

  void through_expansion() const {
    const Index blocks = divide_up(shape_.group * shape_.in_pixels(), block_rows);
    team_.pool.run(shape_.groups * blocks, [&](std::int64_t task, int) {
      const Index group = task / blocks, row = task % blocks * block_rows;
      const Index rows = std::min(block_rows, group_rows(group) - row);
      if (rows > 0) expansion_input(group, row, rows);
    });
  }

  void expansion_input(Index group, Index row, Index rows) const {
    const WidePlanes dexpanded(scratch_.dexpanded);
    const Index place = (group * shape_.group * shape_.in_pixels() + row) * shape_.in;
    const float* residual = gradients_.residual.as<const float>();
    NarrowProduct product{};
    product.x = dexpanded.at(group, 0) + row * pixel;
    product.x_plane = dexpanded.plane;
    product.planes = shape_.planes;
    product.rows = rows;
    product.y_stride = shape_.in;
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

  void finish_expand(Index channels) const {
    const Filter& wanted = gradients_.weights.expand;
    const Index first = shape_.first_plane(channels) * pixel, width = shape_.planes_of(channels) * pixel;
    float* dexpand = dexpand_ + first * shape_.in;
    sum(dexpand, shape_.in * width, chunks_, shape_.in * shape_.wide_padded());
    for (Index i = 0; i < shape_.in; ++i)
      std::copy_n(dexpand + i * width, std::min(width, shape_.wide - first),
                  wanted.as<float>() + i * wanted.row_stride + first);
  }

  Normalization first_{};
};

}  // namespace

void backward_stored(const BlockTeam& team, const BottleneckShape& shape, const View& x,
                     const BottleneckWeights& weights, double epsilon, const BottleneckSaved& saved,
                     const BottleneckScratch& scratch, const BlockGradients& gradients) {
  StoredBackward(team, shape, x, weights, epsilon, saved, scratch, gradients).run();
}

}  // namespace danas::cpu
