#include "tensor/area_resize.hpp"

#include <algorithm>
#include <vector>

#include "tensor/cpu/kernels.hpp"
#include "tensor/shapes.hpp"

namespace danas {

namespace {

using cpu::AreaSpan;
using cpu::Index;
using cpu::Kernels;

AreaSpan area_span(Index i, Index in, Index out) {
  const Index begin = i * in / out, end = ((i + 1) * in + out - 1) / out;
  const Index first = std::min((begin + 1) * out, (i + 1) * in) - i * in;
  const Index last = end - begin > 1 ? (i + 1) * in - (end - 1) * out : 0;
  return {static_cast<std::int32_t>(begin), static_cast<std::int32_t>(end - begin), static_cast<std::uint32_t>(first),
          static_cast<std::uint32_t>(out), static_cast<std::uint32_t>(last)};
}

void copy_row(const std::uint8_t* row, Index width, int channels, bool flip, std::uint8_t* out) {
  if (!flip) {
    std::copy_n(row, width * channels, out);
    return;
  }
  for (Index x = 0; x < width; ++x) std::copy_n(row + (width - 1 - x) * channels, channels, out + x * channels);
}

// Rows of the resized crop, one by one, in the image's channels.
class Rows {
 public:
  Rows(const Kernels& kernels, const Image& image, const Crop& crop, int width, int height)
      : kernels_(kernels), image_(image), crop_(crop), width_(width), height_(height),
        same_(crop.width == width && crop.height == height) {
    if (same_) return;
    sums_.resize(static_cast<std::size_t>(crop.width) * static_cast<std::size_t>(image.channels) + 4);
    columns_.resize(static_cast<std::size_t>(width));
    for (Index x = 0; x < width; ++x) {
      AreaSpan& column = columns_[static_cast<std::size_t>(x)];
      column = area_span(crop.flip ? width - 1 - x : x, crop.width, width);
      most_ = std::max<Index>(most_, column.count);
    }
  }

  void write(Index y, std::uint8_t* out) {
    const Index stride = Index{image_.width} * image_.channels;
    const std::uint8_t* const corner = image_.pixels + crop_.y * stride + Index{crop_.x} * image_.channels;
    if (same_) return copy_row(corner + y * stride, width_, image_.channels, crop_.flip, out);
    const AreaSpan rows = area_span(y, crop_.height, height_);
    kernels_.area_rows(Index{crop_.width} * image_.channels, corner + rows.begin * stride, stride, rows, sums_.data());
    kernels_.area_columns(
        {sums_.data(), columns_.data(), width_, image_.channels, Index{crop_.width} * crop_.height, most_}, out);
  }

 private:
  const Kernels& kernels_;
  const Image& image_;
  const Crop& crop_;
  Index width_, height_;
  bool same_;
  Index most_ = 0;  // input pixels of an output column
  // Memory that only grows: images are resized by the million.
  static thread_local std::vector<std::uint32_t> sums_;
  static thread_local std::vector<AreaSpan> columns_;
};

thread_local std::vector<std::uint32_t> Rows::sums_;
thread_local std::vector<AreaSpan> Rows::columns_;

}  // namespace

void area_resize(const Kernels& kernels, const Image& image, const Crop& crop, int width, int height, int channels,
                 std::uint8_t* out) {
  thread_local std::vector<std::uint8_t> other;  // a row whose channels are to change
  other.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(image.channels));
  Rows rows(kernels, image, crop, width, height);
  for (Index y = 0; y < height; ++y, out += Index{width} * channels) {
    if (image.channels == channels) {
      rows.write(y, out);
      continue;
    }
    rows.write(y, other.data());
    if (channels == 1) kernels.gray(width, other.data(), out);
    else
      for (Index x = 0; x < width; ++x) std::fill_n(out + 3 * x, 3, other[static_cast<std::size_t>(x)]);
  }
}

void area_resize(const Image& image, const Crop& crop, int width, int height, int channels, std::uint8_t* out) {
  static const Kernels& kernels = cpu::choose_kernels("");
  shapes::crop("resize", image, crop);
  area_resize(kernels, image, crop, width, height, channels, out);
}

}  // namespace danas
