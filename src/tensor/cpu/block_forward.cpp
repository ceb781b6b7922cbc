#include <algorithm>

#include "tensor/cpu/block_covariance.hpp"
#include "tensor/cpu/block_moments.hpp"
#include "tensor/cpu/block_training.hpp"

namespace danas::cpu {
namespace {

constexpr Index pixel = plane_channels;
constexpr Index block_rows = 256;        ///< whose sums are in single precision
constexpr Index project_floats = 32768;  ///< of a tile of normalized rows
constexpr Index project_task_rows = 512;
constexpr Index most_units = 32;  ///< whose statistics are joined

/// The passes of one forward computation.
class Forward {
 public:
  Forward(const BlockTeam& team, const BottleneckShape& shape, const View& x, const BottleneckWeights& weights,
          double epsilon, const BottleneckSaved& saved)
      : team_(team), kernels_(team.kernels.block), shape_(shape), x_(x.as<const float>()), weights_(weights),
        epsilon_(epsilon), saved_(saved) {
    if (shape.from_covariance()) covariance_statistics(team, x, weights.expand, saved);
    place(Parts());
    place(Parts(team.weights.take(size_)));
    block_ = std::clamp<Index>(project_floats / shape.wide_padded() / 24, 1, 5) * 24;
    task_rows_ = divide_up(project_task_rows, block_) * block_;
    project_tasks_ = divide_up(shape.group * shape.out_pixels(), task_rows_);
    unit_groups_ = divide_up(shape.groups, most_units);
    units_ = divide_up(shape.groups, unit_groups_);
    const Index pairs = std::max(units_ * shape.wide_padded(), shape.groups * project_tasks_ * shape.out);
    pairs_ = reinterpret_cast<double*>(team.partials.take(4 * pairs));
  }

  void run() {
    if (shape_.from_covariance()) set_first();
    pack();
    if (shape_.expansion == BottleneckShape::Expansion::stored) expand();
    if (shape_.from_covariance()) expand_and_filter();
    else filter();
    join(shape_.out_pixels(), saved_.bn2);
    second_.set(saved_.bn2, weights_.bn2, epsilon_, shape_.wide, shape_.wide_padded());
    project();
  }

 private:
  void place(Parts parts) {
    const Index padded = shape_.wide_padded();
    if (shape_.expands()) {
      expand_panels_ = parts.take(Packer::wide_size(shape_.in, shape_));
      first_ = Normalization::take(parts, padded);
    }
    if (shape_.from_covariance()) scaled_ = parts.take(shape_.in * shape_.wide);
    taps_ = parts.take(9 * padded);
    project_panels_ = parts.take(Packer::narrow_size(shape_.out, shape_));
    second_ = Normalization::take(parts, padded);
    size_ = parts.used();
  }

  void pack() const {
    Packer packer(team_.kernels.lanes);
    if (shape_.expands()) {
      Matrix expand = Matrix::of(weights_.expand);
      if (shape_.from_covariance()) {
        scale_filter(weights_.expand, first_.scale, scaled_);
        expand.data = scaled_;
        expand.row_step = shape_.wide;
      }
      packer.add_wide(expand, shape_, expand_panels_);
    }
    packer.add_narrow(Matrix::of(weights_.project), shape_, project_panels_);
    pack_depthwise(weights_.depthwise, shape_, taps_);
    packer.run(team_.pool);
  }

  /// A few groups of images, whose statistics are taken together.
  struct Unit {
    Index index, first, last, images;
  };
  Unit unit(Index index) const {
    const Index first = index * unit_groups_, last = std::min(first + unit_groups_, shape_.groups);
    return {index, first, last, std::min(last * shape_.group, shape_.images) - first * shape_.group};
  }
  template <class Body>
  void for_units(const Body& body) const {
    const Index channel_groups = shape_.channel_groups();
    team_.pool.run(units_ * channel_groups, [&](std::int64_t task, int worker) {
      body(unit(task / channel_groups), task % channel_groups, team_.workers[static_cast<std::size_t>(worker)]);
    });
  }
  double* pairs_of(const Unit& unit, Index plane) const {
    return pairs_ + 2 * (unit.index * shape_.wide_padded() + plane * pixel);
  }
  void join(Index pixels, const BatchNormStatistics& statistics) const {
    join_moments(
        pairs_, units_, 2 * shape_.wide_padded(), shape_.wide, [&](Index index) { return unit(index).images * pixels; },
        statistics);
  }

  void expand() const {
    for_units([&](const Unit& unit, Index channels, BlockWorker& worker) { expand_unit(unit, channels, worker); });
    join(shape_.in_pixels(), saved_.bn1);
    set_first();
  }
  void set_first() const { first_.set(saved_.bn1, weights_.bn1, epsilon_, shape_.wide, shape_.wide_padded()); }

  void expand_unit(const Unit& unit, Index channels, BlockWorker& worker) const {
    const Index first = shape_.first_plane(channels);
    const int planes = shape_.planes_of(channels);
    const WidePlanes expanded(saved_.expanded);
    UnitMoments moments(worker.tiles.take(UnitMoments::floats(planes * pixel)), planes * pixel);
    WideMoments product{};
    product.x_stride = product.depth = shape_.in;
    product.panel = expand_panels_ + first * pixel * shape_.in;
    product.planes = planes;
    product.y_plane = expanded.plane;
    for (Index group = unit.first; group < unit.last; ++group) {
      const Index rows = shape_.images_of(group) * shape_.in_pixels();
      for (Index row = 0; row < rows; row += block_rows) {
        product.x = x_ + (group * shape_.group * shape_.in_pixels() + row) * shape_.in;
        product.rows = std::min(block_rows, rows - row);
        product.y = expanded.at(group, first) + row * pixel;
        product.moments = moments.block(group == unit.first && row == 0);
        kernels_.wide_moments(product);
        moments.add();
      }
    }
    moments.write(unit.images * shape_.in_pixels(), pairs_of(unit, first));
  }

  // A band's planes one after the other: what they share of the input's lines is in cache.
  void filter() const {
    for_units([&](const Unit& unit, Index channels, BlockWorker& worker) {
      const int planes = shape_.planes_of(channels);
      const bool whole = keeps_whole(shape_);
      PaddedTile tile(shape_.group, shape_.in_h, shape_.in_w, whole, whole ? 1 : planes);
      float* memory = worker.tiles.take(UnitMoments::floats(planes * pixel) + tile.floats());
      const UnitMoments moments(memory, planes * pixel);
      tile.place(memory + UnitMoments::floats(planes * pixel));
      for_bands(unit, [&](Index group, Index first, Index last, Index next, Index need) {
        for (int i = 0; i < planes; ++i) {
          const Index plane = shape_.first_plane(channels) + i;
          const int tile_plane = whole ? 0 : i;
          for (Index image = 0; image < shape_.images_of(group); ++image)
            tile.for_runs(tile_plane, image, next, need, [&](Index begin, Index count, float* to) {
              load(group, image, plane, begin, count, to, tile.row_floats());
            });
          filter_rows(group, plane, first, last, tile.plane(tile_plane),
                      moments.block(group == unit.first && first == 0, i * pixel));
        }
        moments.add();
      });
      moments.write(unit.images * shape_.out_pixels(), pairs_of(unit, shape_.first_plane(channels)));
    });
  }

  /// body(group, first output row, last, first input row that is not there yet, last)
  template <class Body>
  void for_bands(const Unit& unit, const Body& body) const {
    const Index band = keeps_whole(shape_) ? shape_.out_h : PaddedTile::band_rows / shape_.stride;
    for (Index group = unit.first; group < unit.last; ++group) {
      Index next = 0;
      for (Index row = 0; row < shape_.out_h; row += band) {
        const Index end = std::min(row + band, shape_.out_h);
        const Index need = std::min(shape_.in_h, (end - 1) * shape_.stride - shape_.padding_y + 3);
        body(group, row, end, next, need);
        next = std::max(next, need);
      }
    }
  }

  void filter_rows(Index group, Index plane, Index first, Index last, const PaddedPlane& x,
                   const Moments& moments) const {
    const WidePlanes filtered(saved_.filtered);
    kernels_.plane_filter({.x = x,
                           .stride = shape_.stride,
                           .images = shape_.images_of(group),
                           .first = first,
                           .last = last,
                           .width = shape_.out_w,
                           .padding_y = shape_.padding_y,
                           .padding_x = shape_.padding_x,
                           .weights = taps_ + plane * 9 * pixel,
                           .bias = nullptr,
                           .y = filtered.at(group, plane) + first * shape_.out_w * pixel,
                           .y_image = shape_.out_pixels() * pixel,
                           .moments = moments});
  }

  // Statistics are known: expand, normalize, ReLU6 and filter a tile of rows in cache. All channels a task, so that
  // its input is centered once; its channel groups share a tile unless their rows must wait for the next band.
  void expand_and_filter() const {
    team_.pool.run(units_, [&](std::int64_t task, int index) {
      const Unit unit = this->unit(task);
      BlockWorker& worker = team_.workers[static_cast<std::size_t>(index)];
      const bool whole = keeps_whole(shape_);
      PaddedTile tile(shape_.group, shape_.in_h, shape_.in_w, whole, tile_planes(shape_));
      const Index rows = (whole ? shape_.group * shape_.in_h : PaddedTile::band_rows + 3) * shape_.in_w;
      const Index sums = UnitMoments::floats(shape_.wide_padded());
      float* memory = worker.tiles.take(sums + tile.floats() + rows * shape_.in);
      const UnitMoments moments(memory, shape_.wide_padded());
      tile.place(memory + sums);
      float* centered = memory + sums + tile.floats();
      for_bands(unit, [&](Index group, Index begin, Index end, Index next, Index need) {
        center(group, next, need, centered);
        tile.find_offsets(shape_.images_of(group), next, need, worker.offsets);
        for (Index channels = 0; channels < shape_.channel_groups(); ++channels) {
          const Index plane = shape_.first_plane(channels), first = whole ? 0 : plane;
          expand_rows(channels, shape_.images_of(group) * (need - next) * shape_.in_w, centered,
                      tile.tile() + first * tile.plane_floats(), tile.plane_floats(), worker.offsets.data());
          for (int i = 0; i < shape_.planes_of(channels); ++i)
            filter_rows(group, plane + i, begin, end, tile.plane(first + i),
                        moments.block(group == unit.first && begin == 0, (plane + i) * pixel));
        }
        moments.add();
      });
      moments.write(unit.images * shape_.out_pixels(), pairs_of(unit, 0));
    });
  }

  void center(Index group, Index first, Index last, float* centered) const {
    const Index place = (group * shape_.group * shape_.in_h + first) * shape_.in_w * shape_.in;
    center_rows(team_, saved_.input_mean, x_ + place, shape_.images_of(group) * (last - first) * shape_.in_w, centered);
  }

  void expand_rows(Index channels, Index rows, const float* centered, float* y, Index y_plane,
                   const std::int32_t* offsets) const {
    const Index plane = shape_.first_plane(channels);
    WideActivated product{};
    product.rows = rows;
    product.x = centered;
    product.x_stride = product.depth = shape_.in;
    product.panel = expand_panels_ + plane * pixel * shape_.in;
    product.planes = shape_.planes_of(channels);
    product.y = y;
    product.y_plane = y_plane;
    product.bias = first_.shift + plane * pixel;
    product.offsets = offsets;
    kernels_.wide_activated(product);
  }

  /// Rows of what the depthwise convolution sees.
  void load(Index group, Index image, Index plane, Index first, Index rows, float* to, Index to_row) const {
    if (!shape_.expands()) {
      const float* x = x_ + ((group * shape_.group + image) * shape_.in_h + first) * shape_.in_w * shape_.in;
      copy_to_tile(team_, shape_, x, plane, rows, to, to_row);
      return;
    }
    const WidePlanes expanded(saved_.expanded);
    kernels_.plane_normalize({.x = expanded.at(group, plane) + (image * shape_.in_h + first) * shape_.in_w * pixel,
                              .x_row = shape_.in_w * pixel,
                              .y = to,
                              .y_row = to_row,
                              .rows = rows,
                              .pixels = shape_.in_w,
                              .mean = first_.mean + plane * pixel,
                              .scale = first_.scale + plane * pixel,
                              .shift = first_.shift + plane * pixel});
  }

  Index task_rows(Index group, Index task) const {
    return std::min(task_rows_, shape_.images_of(group) * shape_.out_pixels() - task * task_rows_);
  }

  void project() const {
    team_.pool.run(shape_.groups * project_tasks_, [&](std::int64_t task, int worker) {
      const Index group = task / project_tasks_, part = task % project_tasks_;
      if (task_rows(group, part) > 0) project_rows(group, part, team_.workers[static_cast<std::size_t>(worker)]);
    });
    const auto rows = [&](Index task) {
      return std::max<Index>(0, task_rows(task / project_tasks_, task % project_tasks_));
    };
    const Index last = shape_.images_of(shape_.groups - 1) * shape_.out_pixels();
    const Index tasks = (shape_.groups - 1) * project_tasks_ + divide_up(last, task_rows_);
    join_moments(pairs_, tasks, 2 * shape_.out, shape_.out, rows, saved_.bn3);
  }

  void project_rows(Index group, Index task, BlockWorker& worker) const {
    float* memory = worker.tiles.take(UnitMoments::floats(shape_.out) + block_ * shape_.wide_padded());
    float* tile = memory + UnitMoments::floats(shape_.out);
    const Index begin = task * task_rows_, count = task_rows(group, task);
    UnitMoments moments(memory, shape_.out);
    for (Index row = begin; row < begin + count; row += block_) {
      const Index rows = std::min(block_, begin + count - row);
      normalize_rows(group, row, rows, tile);
      project_block(tile, rows, (group * shape_.group * shape_.out_pixels() + row) * shape_.out, row == begin, moments);
      moments.add();
    }
    moments.write(count, pairs_ + 2 * (group * project_tasks_ + task) * shape_.out);
  }

  void normalize_rows(Index group, Index row, Index rows, float* tile) const {
    const WidePlanes filtered(saved_.filtered);
    for (Index plane = 0; plane < shape_.planes; ++plane)
      kernels_.plane_normalize({.x = filtered.at(group, plane) + row * pixel,
                                .x_row = 0,
                                .y = tile + plane * rows * pixel,
                                .y_row = 0,
                                .rows = 1,
                                .pixels = rows,
                                .mean = second_.mean + plane * pixel,
                                .scale = second_.scale + plane * pixel,
                                .shift = second_.shift + plane * pixel});
  }

  void project_block(const float* tile, Index rows, Index place, bool first, const UnitMoments& moments) const {
    NarrowMoments product{};
    product.x = tile;
    product.x_plane = rows * pixel;
    product.planes = shape_.planes;
    product.rows = rows;
    product.y_stride = shape_.out;
    for_narrow_panels(shape_.out, team_.kernels.lanes, [&](const NarrowPanel& panel) {
      product.vectors = panel.vectors;
      product.pairs = panel.pairs;
      product.columns = panel.columns;
      product.panel = project_panels_ + panel.column * shape_.wide_padded();
      product.y = saved_.projected.as<float>() + place + panel.column;
      product.moments = moments.block(first, panel.column);
      kernels_.narrow_moments(product);
    });
  }

  const BlockTeam& team_;
  const BlockKernels& kernels_;
  const BottleneckShape& shape_;
  const float* x_;
  const BottleneckWeights& weights_;
  const double epsilon_;
  const BottleneckSaved& saved_;
  float *expand_panels_ = nullptr, *scaled_ = nullptr, *taps_ = nullptr, *project_panels_ = nullptr;
  Normalization first_{}, second_{};
  Index size_ = 0, block_ = 0, task_rows_ = 0, project_tasks_ = 0, unit_groups_ = 1, units_ = 0;
  double* pairs_ = nullptr;
};

}  // namespace

void PaddedTile::place(float* memory) {
  zeros_ = memory;
  tile_ = memory + row_;
  std::fill(zeros_, zeros_ + row_, 0.0f);
  for (float* row = tile_; row < tile_ + planes_ * plane_; row += row_) {
    std::fill(row, row + pixel, 0.0f);
    std::fill(row + row_ - pixel, row + row_, 0.0f);
  }
}

void PaddedTile::find_offsets(Index images, Index first, Index last, std::vector<std::int32_t>& offsets) const {
  const Index width = row_ / pixel - 2, count = images * (last - first) * width;
  if (static_cast<Index>(offsets.size()) < count) offsets.resize(static_cast<std::size_t>(count));
  std::int32_t* to = offsets.data();
  for (Index image = 0; image < images; ++image)
    for (Index y = first; y < last; ++y, to += width) {
      const auto row = static_cast<std::int32_t>(image * image_ + y % rows_ * row_ + pixel);
      for (Index x = 0; x < width; ++x) to[x] = row + static_cast<std::int32_t>(x * pixel);
    }
}

void copy_to_tile(const BlockTeam& team, const BottleneckShape& shape, const float* x, Index plane, Index rows,
                  float* to, Index to_row) {
  const Index channel = plane * pixel;
  team.kernels.block.to_plane({.x = x + channel,
                               .x_row = shape.in_w * shape.in,
                               .x_pixel = shape.in,
                               .y = to,
                               .y_row = to_row,
                               .y_pixel = pixel,
                               .rows = rows,
                               .pixels = shape.in_w,
                               .channels = std::min(pixel, shape.in - channel),
                               .add = nullptr});
}

void forward(const BlockTeam& team, const BottleneckShape& shape, const View& x, const BottleneckWeights& weights,
             double epsilon, const BottleneckSaved& saved) {
  Forward(team, shape, x, weights, epsilon, saved).run();
}

}  // namespace danas::cpu
