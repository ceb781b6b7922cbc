// Images to network inputs. The resize is TensorFlow's "area": an output pixel is the mean of its box of the input,
// whose border pixels count by the share of them that is inside. First down the rows, where bytes lie side by side,
// then along them.
#include <algorithm>
#include <cmath>

#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {
namespace {

AreaSpan area_span(Index out, Index out_size, Index in_size) {
  const double scale = static_cast<double>(in_size) / static_cast<double>(out_size);
  const double low = static_cast<double>(out) * scale;
  const double high = std::min(static_cast<double>(out + 1) * scale, static_cast<double>(in_size));
  AreaSpan span;
  span.begin = static_cast<int>(std::min<double>(std::floor(low), static_cast<double>(in_size - 1)));
  span.end = std::max(span.begin + 1, static_cast<int>(std::ceil(high)));
  const auto share = [&](int i) {
    return static_cast<float>(std::max(0.0, std::min(high, i + 1.0) - std::max(low, static_cast<double>(i))) / scale);
  };
  span.first = share(span.begin);
  span.middle = static_cast<float>(1 / scale);
  span.last = share(span.end - 1);
  return span;
}

/// One output row from the weighted sum of its input rows.
template <int channels>
void resize_row(const float* row, const AreaSpan* spans, Index width, bool flip, float* out) {
  for (Index x = 0; x < width; ++x) {
    const AreaSpan& span = spans[flip ? width - 1 - x : x];
    for (int c = 0; c < channels; ++c) {
      float sum = 0;
      for (int i = span.begin; i < span.end; ++i) sum += span.weight(i) * row[i * channels + c];
      out[x * channels + c] = sum;
    }
  }
}

/// Colors and scale of a resized row: `from` channels to `to`.
void finish_row(const float* row, int from, Index to, Index width, float* out) {
  const auto scaled = [](float value) { return value * (1.0f / 127.5f) - 1.0f; };
  for (Index x = 0; x < width; ++x) {
    const float* pixel = row + x * from;
    if (from == 3 && to == 1) {
      out[x] = scaled(0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2]);
    } else {
      for (Index c = 0; c < to; ++c) out[x * to + c] = scaled(pixel[from == 1 ? 0 : c]);
    }
  }
}

}  // namespace

void CpuBackend::augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) {
  shapes::augment("augment", Type::f32, images, crops, out);
  pool_.run(out.n, [&](std::int64_t task, int worker) {
    const Image& image = images[static_cast<std::size_t>(task)];
    const Crop& crop = crops[static_cast<std::size_t>(task)];
    Worker& memory = workers_[static_cast<std::size_t>(worker)];
    memory.spans.resize(static_cast<std::size_t>(out.w));
    for (Index x = 0; x < out.w; ++x) memory.spans[static_cast<std::size_t>(x)] = area_span(x, out.w, crop.width);

    const Index row_floats = Index{crop.width} * image.channels;
    float* row = memory.rows.take(row_floats + out.w * image.channels);
    float* resized = row + row_floats;
    for (Index y = 0; y < out.h; ++y) {
      const AreaSpan rows = area_span(y, out.h, crop.height);
      std::fill(row, row + row_floats, 0.0f);
      for (int i = rows.begin; i < rows.end; ++i)
        kernels_.add_bytes(row_floats,
                           image.pixels + (Index{crop.y + i} * image.width + crop.x) * image.channels, rows.weight(i),
                           row);
      if (image.channels == 3) resize_row<3>(row, memory.spans.data(), out.w, crop.flip, resized);
      else resize_row<1>(row, memory.spans.data(), out.w, crop.flip, resized);
      finish_row(resized, image.channels, out.c, out.w, out.as<float>() + (task * out.h + y) * out.w * out.c);
    }
  });
}

}  // namespace danas::cpu
