// What the fused block's operations are handed: kernels, threads, their scratch memory, and packed weights.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/thread_pool.hpp"
#include "tensor/bottleneck_shape.hpp"
#include "tensor/cpu/kernels.hpp"
#include "tensor/cpu/scratch.hpp"

namespace danas::cpu {

constexpr Index divide_up(Index a, Index b) { return (a + b - 1) / b; }

struct BlockWorker {
  Scratch tiles;
  std::vector<std::int32_t> offsets;  ///< of pixels in a padded plane
};

/// w(row, column) at row·row_step + column·column_step, one of which is 1.
struct Matrix {
  const float* data;
  Index rows, row_step, columns, column_step;

  static Matrix of(const Filter& w) { return {w.as<const float>(), w.in, w.row_stride, w.out, 1}; }
  static Matrix transposed(const Filter& w) { return {w.as<const float>(), w.out, 1, w.in, w.row_stride}; }
};

struct BlockTeam {
  const Kernels& kernels;
  ThreadPool& pool;
  std::vector<BlockWorker>& workers;
  Scratch &weights, &partials;
};

/// A panel of a product with narrow results.
struct NarrowPanel {
  Index column, columns;  ///< the first, and how many
  int vectors;
  bool pairs;   ///< vectors of two rows each, for half as many columns
  Index width;  ///< columns in memory
};

/// body(panel) over `columns` columns, with the least waste in half vectors: what a row brings is to serve two vectors or
/// three, so that few columns are taken in pairs of rows.
template <class Body>
void for_narrow_panels(Index columns, Index lanes, const Body& body) {
  const Index half = lanes / 2;
  for (Index column = 0; column < columns;) {
    const Index halves = divide_up(columns - column, half);
    const bool pairs = halves <= 3 || halves == 5;
    const bool two = halves == 4 || halves == 7 || halves == 8;
    const int vectors = pairs ? static_cast<int>(std::min<Index>(halves, 3)) : two ? 2 : 3;
    const Index width = pairs ? vectors * half : vectors * lanes;
    body(NarrowPanel{column, std::min(width, columns - column), vectors, pairs, width});
    column += width;
  }
}

/// The panels of a block's matrices, packed in one go.
class Packer {
 public:
  explicit Packer(Index lanes) : lanes_(lanes) {}

  /// [rows][16·planes] for products with wide results: panels of a channel group beside each other.
  static Index wide_size(Index rows, const BottleneckShape& shape) { return rows * shape.wide_padded(); }
  void add_wide(const Matrix& w, const BottleneckShape& shape, float* out);
  /// [16·planes][columns] for products with narrow results: for_narrow_panels(), panel by panel.
  static Index narrow_size(Index columns, const BottleneckShape& shape) {
    return shape.wide_padded() * divide_up(columns, plane_channels) * plane_channels;
  }
  void add_narrow(const Matrix& w, const BottleneckShape& shape, float* out);
  /// [padded rows][columns], of which those beyond the matrix are zeros.
  void add(const Matrix& w, Index padded_rows, float* out);
  void run(ThreadPool& pool) const;

 private:
  struct Panel {
    Matrix w;
    Index first, width, padded_rows;
    bool pairs;  ///< rows in pairs, the two of a column beside each other
    float* out;
  };
  static void pack(const Panel& panel);

  Index lanes_;
  std::vector<Panel> panels_;
};

/// [planes][9][16]
void pack_depthwise(const Filter& w, const BottleneckShape& shape, float* out);
/// A vector of channels with zeros to the end of the last plane.
void pad_vector(const float* from, Index channels, Index padded, float* to);

}  // namespace danas::cpu
