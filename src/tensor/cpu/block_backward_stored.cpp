#include "tensor/cpu/block_backward.hpp"

namespace danas::cpu {
namespace {

constexpr Index expand_floats = 65536;  ///< of a tile on the way back through the expansion
constexpr Index most_expand_rows = 256;
constexpr Index large_filter = 65536;  ///< elements of which few partial sums are worth their memory

class StoredBackward : public BackwardPass {
 public:
  template <class... Arguments>
  explicit StoredBackward(const Arguments&... arguments)
      : BackwardPass(arguments...),
        rows_(std::clamp<Index>(expand_floats / shape_.wide_padded() / 8 * 8, 24, most_expand_rows)),
        row_blocks_(divide_up(shape_.group * shape_.in_pixels(), rows_)) {
    chunks_ = std::clamp<Index>(divide_up(least_tasks, shape_.channel_groups()), 1, shape_.groups);
    const Index tasks = shape_.in * shape_.wide_padded() > large_filter ? least_tasks / 2 : least_tasks;
    expand_tasks_ = std::min(tasks, shape_.groups * row_blocks_);
    Parts measured, measured_partials;
    place(measured, measured_partials);
    Parts parts(team_.weights.take(measured.used())), partials(team_.partials.take(measured_partials.used()));
    place(parts, partials);
  }

  void run() {
    prepare();
    through_projection();
    through_filter();
    if (shape_.expands() && wants_first()) through_expansion();
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
    dexpand_ = partials.take(expand_tasks_ * shape_.in * shape_.wide_padded());
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
      const Index plane = shape_.first_plane(channels), width = shape_.planes_of(channels) * pixel;
      std::fill_n(pairs_of(chunk, plane), 2 * width, 0.0);
      PaddedTile dy(shape_.group, shape_.out_h, shape_.out_w, keeps_whole(shape_), 1);
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
    if (shape_.expands())
      normalization_gradients(saved_.bn1, first_, shape_.images * shape_.in_pixels(), gradients_.weights.bn1);
  }

  struct FilterUnit {
    Index group, plane;
    const PaddedTile& dy;
    float *x, *dx, *dw;
    double* pairs;
  };

  void filter_unit(const FilterUnit& unit) const {
    Index next = 0;
    for (Index row = 0; row < shape_.in_h; row += band_rows()) {
      const Index end = std::min(row + band_rows(), shape_.in_h);
      const Index need = output_rows(end);
      load_gradient(unit.group, unit.plane, next, need, unit.dy, 0);
      next = std::max(next, need);
      filter_band(unit, row, end);
    }
  }

  void filter_band(const FilterUnit& unit, Index first, Index last) const {
    const Index images = shape_.images_of(unit.group), channel = unit.plane * pixel;
    const Index row = shape_.in_w * pixel, at = first * row;
    PairSums sums;
    sums.clear();
    PlaneFilterBackward f = filter_backward(unit.plane, images, first, last);
    f.dy = unit.dy.plane(0);
    f.x = unit.x;
    f.dw = unit.dw;
    f.sum = sums.first;
    f.products = sums.second;
    if (!shape_.expands()) {
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
    const float* residual = gradients_.residual.as<const float>();
    NarrowProduct product{};
    product.x = tile;
    product.x_plane = rows * pixel;
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
    sum(dexpand, shape_.in * width, expand_tasks_, shape_.in * shape_.wide_padded());
    for (Index i = 0; i < shape_.in; ++i)
      std::copy_n(dexpand + i * width, std::min(width, shape_.wide - first),
                  wanted.as<float>() + i * wanted.row_stride + first);
  }

  const Index rows_, row_blocks_;
  Index expand_tasks_ = 0;
  Normalization first_{};
};

}  // namespace

void backward_stored(const BlockTeam& team, const BottleneckShape& shape, const View& x,
                     const BottleneckWeights& weights, double epsilon, const BottleneckSaved& saved,
                     const BottleneckScratch& scratch, const BlockGradients& gradients) {
  StoredBackward(team, shape, x, weights, epsilon, saved, scratch, gradients).run();
}

}  // namespace danas::cpu
