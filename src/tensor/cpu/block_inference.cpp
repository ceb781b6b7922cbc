#include "tensor/cpu/block_inference.hpp"

#include <algorithm>

namespace danas::cpu {
namespace {

constexpr Index pixel = plane_channels;
constexpr Index near_floats = 10240;    ///< of the expanded rows of a band: a share of the first-level cache
constexpr Index cache_floats = 131072;  ///< of a task's tiles: a share of the second-level cache
constexpr Index least_tasks = 16;
constexpr Index least_strip = 4;  ///< output rows: a strip repeats the expansion of two rows of its neighbors

/// The parts of packed weights.
struct Folded {
  Folded(const BottleneckShape& shape, float* memory) {
    Parts parts(memory);
    expand = shape.expands() ? parts.take(Packer::wide_size(shape.in, shape)) : nullptr;
    bias1 = shape.expands() ? parts.take(shape.wide_padded()) : nullptr;
    depthwise = parts.take(9 * shape.wide_padded());
    bias2 = parts.take(shape.wide_padded());
    project = parts.take(Packer::narrow_size(shape.out, shape));
    size = parts.used();
  }
  float *expand, *bias1, *depthwise, *bias2, *project;
  Index size;
};

/// How a block is cut: tasks are (group of images, strip of output rows). Of a strip, the filtered tensor of a slab of rows
/// is made for all channels and then projected; of a slab, a channel group is expanded and filtered in bands of rows, few
/// enough for the first-level cache, whose expanded rows stay for the next band.
struct Cut {
  explicit Cut(const BottleneckShape& shape) {
    const Index strips = shape.group > 1 ? 1
                                         : std::clamp<Index>(divide_up(least_tasks, std::max<Index>(1, shape.groups)),
                                                             1, divide_up(shape.out_h, least_strip));
    strip = divide_up(shape.out_h, strips);
    strips_per_group = divide_up(shape.out_h, strip);
    slab = band = strip;
    if (shape.group > 1) return;
    while (band > 1 && std::min(shape.planes, shape.group_planes) * ring_plane(shape) > near_floats) --band;
    while (slab > band && floats(shape) > cache_floats) slab -= std::min(band, slab - band);
  }

  Index ring_rows(const BottleneckShape& shape) const { return std::min(shape.in_h, (band - 1) * shape.stride + 3); }
  Index ring_plane(const BottleneckShape& shape) const { return shape.group * ring_rows(shape) * shape.in_w * pixel; }
  bool keeps_rings() const { return slab < strip; }  ///< those of all channels, for the next slab
  Index ring_planes(const BottleneckShape& shape) const {
    return keeps_rings() ? shape.planes : std::min(shape.planes, shape.group_planes);
  }
  Index filtered_plane(const BottleneckShape& shape) const { return shape.group * slab * shape.out_w * pixel; }
  Index floats(const BottleneckShape& shape) const {
    return ring_planes(shape) * ring_plane(shape) + shape.planes * filtered_plane(shape);
  }

  Index strip, strips_per_group, slab, band;
};

/// A block's expansion by a convolution: where its windows lie in padded rows of the input.
struct Windows {
  Windows(const View& x, const FoldedBottleneck& block, const BottleneckShape& shape)
      : height(x.h), width(x.w), channels(x.c), kernel(block.expand.h), stride(block.expand_stride),
        padding_y(padding_before(x.h, block.expand.h, {block.expand_stride, Padding::same})),
        padding_x(padding_before(x.w, block.expand.w, {block.expand_stride, Padding::same})),
        segment(block.expand.w * x.c), row(((shape.in_w - 1) * stride + block.expand.w) * x.c) {}

  /// Rows of the input that so many rows of windows see.
  Index rows(Index count) const { return (count - 1) * stride + kernel; }

  /// The rows of one image that windows in rows [first, last) see, with zeros around the image.
  void copy(const float* image, Index first, Index last, float* out) const {
    const Index left = std::min(padding_x * channels, row), inside = std::min(width * channels, row - left);
    for (Index i = 0; i < rows(last - first); ++i, out += row) {
      const Index y = first * stride - padding_y + i;
      const bool outside = y < 0 || y >= height;
      std::fill(out, out + (outside ? row : left), 0.0f);
      if (outside) continue;
      std::copy_n(image + y * width * channels, inside, out + left);
      std::fill(out + left + inside, out + row, 0.0f);
    }
  }

  Index height, width, channels, kernel, stride, padding_y, padding_x;
  Index segment, row;  ///< floats of a window's part in a row, of a padded row
};

/// One task's work.
class Inference {
 public:
  Inference(const Kernels& kernels, const BottleneckShape& shape, const Cut& cut, const Folded& weights,
            const Windows* windows, const float* bias3, bool residual, const float* x, float* y, BlockWorker& worker)
      : kernels_(kernels.block), lanes_(kernels.lanes), shape_(shape), weights_(weights), windows_(windows),
        bias3_(bias3), residual_(residual), x_(x), y_(y), ring_rows_(cut.ring_rows(shape)),
        ring_row_(shape.in_w * pixel), ring_image_(ring_rows_ * ring_row_), ring_plane_(cut.ring_plane(shape)),
        slab_(cut.slab), band_(cut.band), keeps_(cut.keeps_rings()) {
    const Index rings = cut.ring_planes(shape) * ring_plane_;
    const Index padded = windows ? windows->rows(ring_rows_) * windows->row : 0;
    Parts parts(worker.tiles.take(pixel + rings + shape.planes * cut.filtered_plane(shape) + padded + 64));
    ring_ = parts.take(pixel + rings) + pixel;
    filtered_ = parts.take(shape.planes * cut.filtered_plane(shape));
    padded_ = parts.take(padded);
  }

  void run(Index group, Index first, Index last) {
    group_ = group;
    images_ = shape_.images_of(group);
    Index next = std::max<Index>(0, first * shape_.stride - shape_.padding_y);
    for (Index row = first; row < last; row += slab_) {
      const Index end = std::min(row + slab_, last);
      for (Index channels = 0; channels < shape_.channel_groups(); ++channels) filter_slab(channels, row, end, next);
      project(row, end);
      next = input_rows(end);
    }
  }

 private:
  float* ring_of(Index channels) const { return ring_ + (keeps_ ? shape_.first_plane(channels) * ring_plane_ : 0); }
  Index filtered_image(Index rows) const { return rows * shape_.out_w * pixel; }
  /// Input rows that output rows up to `last` see.
  Index input_rows(Index last) const {
    return std::min(shape_.in_h, (last - 1) * shape_.stride - shape_.padding_y + 3);
  }

  /// Output rows [first, last) of a channel group, whose input rows are there up to `next`.
  void filter_slab(Index channels, Index first, Index last, Index next) const {
    for (Index row = first; row < last; row += band_) {
      const Index end = std::min(row + band_, last), need = input_rows(end);
      if (need > next && windows_) convolve(channels, next, need);
      else if (need > next && shape_.expands()) expand(channels, next, need);
      else if (need > next) copy_input(channels, next, need);
      filter(channels, row, end, first, last);
      next = std::max(next, need);
    }
  }

  const float* input(Index row) const {
    return x_ + (group_ * shape_.group * shape_.in_h + row) * shape_.in_w * shape_.in;
  }

  /// What products with the expansion's filter have in common.
  WideActivated expansion(Index channels) const {
    const Index plane = shape_.first_plane(channels);
    WideActivated product{};
    product.panel = weights_.expand + plane * pixel * shape_.in;
    product.planes = shape_.planes_of(channels);
    product.y_plane = ring_plane_;
    product.bias = weights_.bias1 + plane * pixel;
    return product;
  }

  /// Several images of a group come with all their rows, and lie one after the other.
  void expand(Index channels, Index first, Index last) const {
    WideActivated product = expansion(channels);
    product.x_stride = product.depth = shape_.in;
    while (first < last) {  // up to the end of the ring
      const Index place = first % ring_rows_, end = std::min(last, first + ring_rows_ - place);
      product.x = input(first);
      product.rows = images_ * (end - first) * shape_.in_w;
      product.y = ring_of(channels) + place * ring_row_;
      kernels_.wide_activated(product);
      first = end;
    }
  }

  void convolve(Index channels, Index first, Index last) const {
    WideActivated product = expansion(channels);
    product.x_stride = windows_->stride * windows_->channels;
    product.depth = windows_->segment;
    product.segments = windows_->kernel;
    product.segment_step = windows_->row;
    product.rows = shape_.in_w;
    for (Index image = 0; image < images_; ++image) {
      const Index number = group_ * shape_.group + image;
      windows_->copy(x_ + number * windows_->height * windows_->width * windows_->channels, first, last, padded_);
      for (Index y = first; y < last; ++y) {
        product.x = padded_ + (y - first) * windows_->stride * windows_->row;
        product.y = ring_of(channels) + image * ring_image_ + y % ring_rows_ * ring_row_;
        kernels_.wide_activated(product);
      }
    }
  }

  void copy_input(Index channels, Index first, Index last) const {
    for (int i = 0; i < shape_.planes_of(channels); ++i) {
      const Index channel = (shape_.first_plane(channels) + i) * pixel;
      for (Index image = 0; image < images_; ++image)
        for (Index y = first; y < last; ++y)
          kernels_.to_plane(
              {.x = input(image * shape_.in_h + y) + channel,
               .x_row = 0,
               .x_pixel = shape_.in,
               .y = ring_of(channels) + i * ring_plane_ + image * ring_image_ + y % ring_rows_ * ring_row_,
               .y_row = 0,
               .y_pixel = pixel,
               .rows = 1,
               .pixels = shape_.in_w,
               .channels = std::min(pixel, shape_.wide - channel),
               .add = nullptr});
    }
  }

  /// Rows [first, last) of a slab.
  void filter(Index channels, Index first, Index last, Index slab_first, Index slab_last) const {
    for (int i = 0; i < shape_.planes_of(channels); ++i) {
      const Index plane = shape_.first_plane(channels) + i;
      PlaneFilter f{};
      f.x = {ring_of(channels) + i * ring_plane_ - pixel, ring_image_, ring_row_, ring_rows_, shape_.in_h, nullptr};
      f.stride = shape_.stride;
      f.images = images_;
      f.first = first;
      f.last = last;
      f.width = shape_.out_w;
      f.padding_y = shape_.padding_y;
      f.padding_x = shape_.padding_x;
      f.weights = weights_.depthwise + plane * 9 * pixel;
      f.bias = weights_.bias2 + plane * pixel;
      f.y_image = filtered_image(slab_last - slab_first);
      f.y = filtered_ + plane * images_ * f.y_image + filtered_image(first - slab_first);
      kernels_.plane_filter(f);
    }
  }

  void project(Index first, Index last) const {
    const Index row = (group_ * shape_.group * shape_.out_h + first) * shape_.out_w;
    NarrowProduct product{};
    product.x = filtered_;
    product.x_plane = images_ * filtered_image(last - first);
    product.planes = shape_.planes;
    product.rows = product.x_plane / pixel;
    product.y_stride = shape_.out;
    for_narrow_panels(shape_.out, lanes_, [&](const NarrowPanel& panel) {
      product.vectors = panel.vectors;
      product.pairs = panel.pairs;
      product.columns = panel.columns;
      product.panel = weights_.project + panel.column * shape_.wide_padded();
      product.bias = bias3_ + panel.column;
      product.add = residual_ ? x_ + row * shape_.in + panel.column : nullptr;
      product.y = y_ + row * shape_.out + panel.column;
      kernels_.narrow(product);
    });
  }

  const BlockKernels& kernels_;
  const Index lanes_;
  const BottleneckShape& shape_;
  const Folded& weights_;
  const Windows* windows_;  ///< or null
  const float* bias3_;
  const bool residual_;
  const float* x_;
  float* y_;
  const Index ring_rows_, ring_row_, ring_image_, ring_plane_, slab_, band_;
  const bool keeps_;
  float *ring_, *filtered_, *padded_;
  Index group_ = 0, images_ = 0;
};

}  // namespace

Index packed_size(const BottleneckShape& shape) { return Folded(shape, nullptr).size; }

void pack_folded(const BlockTeam& team, const BottleneckShape& shape, const FoldedBottleneck& block, float* packed) {
  const Folded weights(shape, packed);
  Packer packer(team.kernels.lanes);
  if (shape.expands()) {
    Matrix expand = Matrix::of(block.expand);
    expand.rows = shape.in;  // of all taps: a folded filter has no gaps
    packer.add_wide(expand, shape, weights.expand);
    pad_vector(block.bias1.as<const float>(), shape.wide, shape.wide_padded(), weights.bias1);
  }
  packer.add_narrow(Matrix::of(block.project), shape, weights.project);
  pack_depthwise(block.depthwise, shape, weights.depthwise);
  pad_vector(block.bias2.as<const float>(), shape.wide, shape.wide_padded(), weights.bias2);
  packer.run(team.pool);
}

void infer(const BlockTeam& team, const BottleneckShape& shape, const View& x, const FoldedBottleneck& block,
           const float* packed, const View& y) {
  const Folded weights(shape, const_cast<float*>(packed));
  const Cut cut(shape);
  const Windows windows(x, block, shape);
  const bool convolves = shape.expands() && block.expand.h * block.expand.w > 1;
  team.pool.run(shape.groups * cut.strips_per_group, [&](std::int64_t task, int worker) {
    const Index first = task % cut.strips_per_group * cut.strip;
    Inference(team.kernels, shape, cut, weights, convolves ? &windows : nullptr, block.bias3.as<const float>(),
              block.residual, x.as<const float>(), y.as<float>(), team.workers[static_cast<std::size_t>(worker)])
        .run(task / cut.strips_per_group, first, std::min(first + cut.strip, shape.out_h));
  });
}

}  // namespace danas::cpu
