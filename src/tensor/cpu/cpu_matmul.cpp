// Matrix products: the dense layer, and 1×1 convolutions, which are most of the work.
#include <algorithm>
#include <cstring>
#include <utility>

#include "tensor/cpu/cpu_backend.hpp"
#include "tensor/cpu/transpose.hpp"

namespace danas::cpu {
namespace {

/// Rows of a task of a product: in and out together fit a share of the second-level cache; a multiple of the heights of
/// all register tiles.
Index rows_per_task(Index depth, Index columns) {
  constexpr Index step = 168;  // 24, 12, 14, 8 and 6, 4 divide it
  return std::clamp<Index>(65536 / (depth + columns) / step, 1, 4) * step;
}

}  // namespace

CpuBackend::PackedFilter CpuBackend::pack(const Filter& w, bool transposed) {
  const Index lanes = kernels_.lanes, taps = w.h * w.w;
  const Index depth = transposed ? w.out : taps * w.in, columns = transposed ? taps * w.in : w.out;
  const Index vectors = divide_up(columns, lanes);
  float* packed = packed_.take(depth * vectors * lanes);
  const float* weights = w.as<const float>();
  const auto row = [&](Index i) { return weights + i / w.in * w.tap_stride + i % w.in * w.row_stride; };

  panels_.clear();
  for (Index vector = 0; vector < vectors; vector += panels_.back().vectors) {
    const Index column = vector * lanes;
    const int width = panel_vectors(vectors - vector);
    panels_.push_back({packed + depth * column, column, width, std::min(width * lanes, columns - column)});
  }
  // A part of a panel's depth: a dense layer may have millions of inputs and a single panel.
  constexpr Index block = 16, part = 64 * block;  // of the depth; for blocks see Packer::pack()
  const Index parts = divide_up(depth, part);
  const auto body = [&](std::int64_t task, int) {
    const auto& panel = panels_[static_cast<std::size_t>(task / parts)];
    const Index width = panel.vectors * lanes, column = panel.column, used = panel.columns;
    const Index begin = task % parts * part, end = std::min(begin + part, depth);
    float* const out = packed + depth * column;
    if (!transposed) {
      for (Index k = begin; k < end; ++k) {
        std::memcpy(out + k * width, row(k) + column, static_cast<std::size_t>(used) * sizeof(float));
        std::fill(out + k * width + used, out + (k + 1) * width, 0.0f);
      }
    } else {
      for (Index k = begin; k < end; k += block)
        for (Index j = 0; j < used;) {  // rows of a tap are equally far apart
          const Index rows = std::min(used - j, w.in - (column + j) % w.in);
          transpose(row(column + j) + k, w.row_stride, rows, std::min(block, end - k), out + k * width + j, width);
          j += rows;
        }
      for (Index j = used; j < width; ++j)
        for (Index k = begin; k < end; ++k) out[k * width + j] = 0.0f;
    }
  };
  const Index tasks = static_cast<Index>(panels_.size()) * parts;
  if (depth * columns < 16384) {
    for (Index task = 0; task < tasks; ++task) body(task, 0);
  } else {
    pool_.run(tasks, body);
  }
  return {depth, columns, panels_};
}

// Tasks are blocks of rows, and also groups of panels where there are few rows; where x is little beside the panels, all
// of it stays in cache and a task has panels alone. An element's sum does not depend on its task.
void CpuBackend::product(const Rows& x, const PackedFilter& w, const float* bias, Activation act, float* y) {
  const Index depth = w.depth, columns = w.columns;
  constexpr Index cached_floats = 131072, many_panels = 16;
  const bool by_panels =
      x.count < columns && x.count * depth <= cached_floats && columns >= many_panels * 3 * kernels_.lanes;
  Index rows = by_panels ? x.count : rows_per_task(depth, columns);
  if (!by_panels && x.count < 8 * rows) rows = std::max<Index>(24, divide_up(divide_up(x.count, 8), 24) * 24);
  const Index row_tasks = divide_up(x.count, rows);
  const auto panels = static_cast<Index>(w.panels.size());
  const Index panel_groups = std::clamp<Index>((by_panels ? many_panels : 8) / row_tasks, 1, panels);
  const Index panels_per_group = divide_up(panels, panel_groups);

  const auto body = [&](std::int64_t task, int) {
    const Index begin = task / panel_groups * rows, end = std::min(begin + rows, x.count);
    const Index first = task % panel_groups * panels_per_group, last = std::min(first + panels_per_group, panels);
    for (Index i = first; i < last; ++i) {
      const auto& panel = w.panels[static_cast<std::size_t>(i)];
      kernels_.matmul({.x = x.values + begin * depth,
                       .x_stride = depth,
                       .rows = end - begin,
                       .depth = depth,
                       .panel = panel.values,
                       .vectors = panel.vectors,
                       .columns = panel.columns,
                       .bias = bias ? bias + panel.column : nullptr,
                       .act = act,
                       .y = y + begin * columns + panel.column,
                       .y_stride = columns});
    }
  };
  const Index tasks = row_tasks * panel_groups;
  if (x.count * depth * columns < 32768) {
    for (Index task = 0; task < tasks; ++task) body(task, 0);
  } else {
    pool_.run(tasks, body);
  }
}

// dw = xᵀ·dy. A few chunks of rows have a partial sum each, added in order at the end; where rows are few, tasks are
// also strips of the result. The side with less waste in whole vectors lies along the vectors: partial sums may be
// transposed.
void CpuBackend::filter_product(const Rows& x, const float* dy, Index columns, const Filter& dw) {
  const Index lanes = kernels_.lanes, depth = x.width;
  const bool transposed = divide_up(columns, lanes) * lanes * depth > divide_up(depth, lanes) * lanes * columns;
  const Index height = transposed ? columns : depth, width = transposed ? depth : columns;
  const Index chunk_count = std::clamp<Index>(x.count / 512, 1, 16), chunk = divide_up(x.count, chunk_count);
  const Index chunks = divide_up(x.count, chunk);
  const Index strip_step = 24;
  const Index strips = std::clamp<Index>(8 / chunks, 1, divide_up(height, strip_step));
  const Index strip = divide_up(divide_up(height, strips), strip_step) * strip_step;
  const Index block = std::clamp<Index>(32768 / (depth + columns), 32, 256);
  const bool direct = chunks == 1 && !transposed && dw.h * dw.w == 1;  // one sum, in its place
  const Index out_stride = direct ? dw.row_stride : width;
  float* partials = direct ? dw.as<float>() : partials_.take(chunks * depth * columns);

  pool_.run(chunks * strips, [&](std::int64_t task, int) {
    const Index first = task % strips * strip, last = std::min(first + strip, height);
    if (first >= last) return;
    const Index begin = task / strips * chunk, end = std::min(begin + chunk, x.count);
    float* out = partials + task / strips * depth * columns + first * out_stride;
    for (Index row = begin; row < end; row += block) {
      const Index stop = std::min(row + block, end);
      const float *left = x.values + row * depth, *right = dy + row * columns;
      if (transposed) std::swap(left, right);
      kernels_.filter({.a = left + first,
                       .a_stride = height,
                       .a_columns = last - first,
                       .b = right,
                       .b_stride = width,
                       .b_columns = width,
                       .rows = stop - row,
                       .out = out,
                       .out_stride = out_stride,
                       .accumulate = row != begin});
    }
  });
  if (!direct) sum_filter(partials, chunks, depth, columns, transposed, dw);
}

void CpuBackend::sum_filter(float* partials, Index chunks, Index depth, Index columns, bool transposed,
                            const Filter& dw) {
  const Index size = depth * columns;
  const bool in_place = !transposed && dw.dense();
  float* out = dw.as<float>();
  for_blocks(size, [&](Index begin, Index count) {
    kernels_.sum_partials(count, partials + begin, chunks, size, (in_place ? out : partials) + begin);
  });
  if (in_place) return;
  for (Index i = 0; i < depth; ++i) {
    float* to = out + i / dw.in * dw.tap_stride + i % dw.in * dw.row_stride;
    if (transposed)
      for (Index j = 0; j < columns; ++j) to[j] = partials[j * depth + i];
    else std::memcpy(to, partials + i * columns, static_cast<std::size_t>(columns) * sizeof(float));
  }
}

void CpuBackend::matmul(const View& x, const Filter& w, const View& bias, Activation act, const View& y) {
  shapes::matmul("matmul", Type::f32, x, w, y);
  shapes::optional_vector("matmul", Type::f32, bias, w.out);
  product(rows_of(x), pack(w, false), bias.as<const float>(), act, y.as<float>());
}

void CpuBackend::matmul_backward_input(const View& dy, const Filter& w, const View& dx) {
  shapes::matmul("matmul_backward_input", Type::f32, dx, w, dy);
  product(rows_of(dy), pack(w, true), nullptr, Activation::none, dx.as<float>());
}

void CpuBackend::matmul_backward_filter(const View& x, const View& dy, const Filter& dw) {
  shapes::matmul("matmul_backward_filter", Type::f32, x, dw, dy);
  filter_product(rows_of(x), dy.as<const float>(), dw.out, dw);
}

}  // namespace danas::cpu
