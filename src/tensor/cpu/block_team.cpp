#include "tensor/cpu/block_team.hpp"

#include <algorithm>
#include <cstring>

#include "tensor/cpu/transpose.hpp"

namespace danas::cpu {

void Packer::add_wide(const Matrix& w, const BottleneckShape& shape, float* out) {
  for (Index group = 0; group < shape.channel_groups(); ++group) {
    Index column = shape.first_plane(group) * plane_channels;
    const Index end = column + shape.planes_of(group) * plane_channels;
    while (column < end) {
      const Index width = panel_vectors((end - column) / lanes_) * lanes_;
      panels_.push_back({w, column, width, w.rows, false, out + column * w.rows});
      column += width;
    }
  }
}

void Packer::add_narrow(const Matrix& w, const BottleneckShape& shape, float* out) {
  const Index rows = shape.wide_padded();
  for_narrow_panels(w.columns, lanes_, [&](const NarrowPanel& panel) {
    panels_.push_back({w, panel.column, panel.width, rows, panel.pairs, out + panel.column * rows});
  });
}

void Packer::add(const Matrix& w, Index rows, float* out) {
  const Index vectors = divide_up(w.columns, lanes_);
  for (Index vector = 0; vector < vectors;) {
    const int width = panel_vectors(vectors - vector);
    panels_.push_back({w, vector * lanes_, width * lanes_, rows, false, out + vector * lanes_ * rows});
    vector += width;
  }
}

void Packer::pack(const Panel& panel) {
  const Matrix& w = panel.w;
  const Index used = std::clamp<Index>(w.columns - panel.first, 0, panel.width);
  if (panel.pairs) {
    for (Index row = 0; row < w.rows; row += 2) {
      const float* in = w.data + row * w.row_step + panel.first * w.column_step;
      float* out = panel.out + row * panel.width;
      for (Index j = 0; j < used; ++j, in += w.column_step) {
        out[2 * j] = in[0];
        out[2 * j + 1] = row + 1 < w.rows ? in[w.row_step] : 0.0f;
      }
      std::fill(out + 2 * used, out + 2 * panel.width, 0.0f);
    }
  } else if (w.column_step == 1) {
    for (Index row = 0; row < w.rows; ++row) {
      float* out = panel.out + row * panel.width;
      std::memcpy(out, w.data + row * w.row_step + panel.first, static_cast<std::size_t>(used) * sizeof(float));
      std::fill(out + used, out + panel.width, 0.0f);
    }
  } else {
    constexpr Index block = 16;  // rows: a line of what is read, and few enough lines of what is written
    for (Index first = 0; first < w.rows; first += block) {
      const Index rows = std::min(block, w.rows - first);
      float* out = panel.out + first * panel.width;
      transpose(w.data + panel.first * w.column_step + first, w.column_step, used, rows, out, panel.width);
      for (Index row = 0; row < rows; ++row)
        std::fill(out + row * panel.width + used, out + (row + 1) * panel.width, 0.0f);
    }
  }
  const Index written = panel.pairs ? (w.rows + 1) / 2 * 2 : w.rows;
  std::fill(panel.out + written * panel.width, panel.out + std::max(written, panel.padded_rows) * panel.width, 0.0f);
}

void Packer::run(ThreadPool& pool) const {
  constexpr Index little = 4096;  // elements that are packed before another thread is awake
  Index size = 0;
  for (const Panel& panel : panels_) size += panel.padded_rows * panel.width;
  const auto count = static_cast<Index>(panels_.size());
  const auto body = [&](std::int64_t i, int) { pack(panels_[static_cast<std::size_t>(i)]); };
  if (size > little) pool.run(count, body);
  else
    for (Index i = 0; i < count; ++i) body(i, 0);
}

void pack_depthwise(const Filter& w, const BottleneckShape& shape, float* out) {
  for (Index plane = 0; plane < shape.planes; ++plane)
    for (Index tap = 0; tap < 9; ++tap, out += plane_channels) {
      const Index first = plane * plane_channels;
      pad_vector(w.as<const float>() + tap * w.tap_stride + first, std::min(plane_channels, w.out - first),
                 plane_channels, out);
    }
}

void pad_vector(const float* from, Index channels, Index padded, float* to) {
  std::copy_n(from, channels, to);
  std::fill(to + channels, to + padded, 0.0f);
}

}  // namespace danas::cpu
