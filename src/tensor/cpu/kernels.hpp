// The table of kernels of one instruction set. Kernels see plain pointers of one task; shapes, tasks and threads are
// CpuBackend's. Every kernel's result depends on its shape and values only, never on addresses or leading dimensions.
#pragma once

#include <cstdint>

#include "tensor/backend.hpp"
#include "tensor/cpu/block_kernels.hpp"

namespace danas::cpu {

/// Rows of x [rows, depth] times one packed panel [depth, vectors·lanes]: `columns` columns of y. A row may be several
/// segments of `depth` floats, whose panels follow each other: a convolution's window is one for each filter row.
struct MatmulBlock {
  const float* x;
  Index x_stride, rows, depth;
  const float* panel;
  int vectors;
  Index columns;
  const float* bias;  ///< of the panel's columns, or null
  Activation act;
  float* y;
  Index y_stride;
  bool accumulate = false;               ///< to y, without activation
  Index segments = 1, segment_step = 0;  ///< floats from a segment to the next
};

/// out [a_columns, b_columns] = (accumulate ? out : 0) + aᵀ·b over the rows.
struct FilterBlock {
  const float* a;
  Index a_stride, a_columns;
  const float* b;
  Index b_stride, b_columns;
  Index rows;
  float* out;
  Index out_stride;
  bool accumulate;
};

/// out [segments·depth, columns] += windowsᵀ·dy over the pixels of a row of a convolution: a pixel's window is `segments`
/// runs of `depth` floats.
struct WindowFilter {
  const float* x;
  Index x_stride, segments, segment_step, depth;
  const float* dy;
  Index columns, pixels;
  float* out;
};

/// The windows of a row of a convolution about a center, with a 1 after each: rows of a matrix. A vector beyond the end of
/// x, center and out is read or written too.
struct CenteredWindows {
  const float* x;
  Index x_stride, segments, segment_step, depth, pixels;
  const float* center;  ///< [segments·depth]
  float* out;           ///< [pixels][segments·depth + 1]
};

/// A run of output pixels of one row of a 3×3 depthwise convolution whose columns are all inside the input.
struct DepthwiseRow {
  int stride;
  int taps_y;      ///< 1..3 filter rows that are inside the input
  const float* x;  ///< first input pixel of the first filter row
  Index x_row;     ///< floats from one input row to the next
  const float* w;  ///< first tap of the first filter row
  Index tap_stride;
  Index channels, pixels;
  const float* bias;  ///< or null
  Activation act;
  float* y;
};

/// The same run for the filter's gradient: dw (dense taps of `channels`) accumulates x·dy.
struct DepthwiseFilterRow {
  int stride;
  int taps_y;
  const float* x;
  Index x_row;
  const float* dy;
  Index channels, pixels;
  float* dw;
};

/// One tap of one output pixel. Forward: y += x·w. Filter gradient: w += x·dy.
struct Tap {
  const float* x;
  const float* w;
};
struct FilterTap {
  const float* x;
  float* w;
};

/// Row-major data whose rows are repeated to a multiple of the vector length (CpuBackend::repeated): `rows` rows of
/// `width` floats and `tail` < width floats more.
struct Span {
  Index rows, width, tail;
};

/// Where one output pixel of an area resize lies along an axis: input pixels [begin, begin + count) with the weights of
/// the first, the last (0 where it is the first) and those between.
struct AreaSpan {
  std::int32_t begin, count;
  std::uint32_t first, middle, last;
};

/// One output row of an area resize, from the sums of its input rows: means of `area`, rounded half up.
struct AreaRow {
  const std::uint32_t* sums;  ///< of the crop's row; four elements beyond its end are read too
  const AreaSpan* spans;      ///< of `width` output pixels
  Index width;
  int channels;  ///< 1 or 3
  Index area;    ///< sum of the weights: pixels of the crop
  Index most;    ///< the most input pixels of a span
};

struct AdamFactors {
  float beta1, beta2, rest1, rest2;  ///< rest: 1 − beta
  float rate, epsilon, coupled_decay, decoupled_decay;
};

struct Kernels {
  const char* name;
  int lanes;

  void (*matmul)(const MatmulBlock&);
  void (*filter)(const FilterBlock&);
  void (*window_filter)(const WindowFilter&);
  void (*centered_windows)(const CenteredWindows&);

  void (*depthwise_row)(const DepthwiseRow&);
  void (*depthwise_filter_row)(const DepthwiseFilterRow&);
  void (*depthwise_pixel)(const Tap* taps, Index count, Index channels, const float* bias, Activation act, float* y);
  void (*depthwise_filter_pixel)(const FilterTap* taps, Index count, Index channels, const float* dy);

  // Batch normalization. Vectors have span.width elements; sums are overwritten.
  void (*moments)(const Span&, const float* x, const float* shift, float* sum, float* sum_of_squares);
  void (*column_sums)(const Span&, const float* x, float* sum);  ///< which may be the first row of x
  void (*normalize)(const Span&, const float* x, const float* mean, const float* scale, const float* offset,
                    Activation act, const float* add, float* y);  ///< `add` to what the activation gives, or null
  /// sums of g and g·(x − mean), g = dy through the activation's mask
  void (*gradient_sums)(const Span&, const float* x, const float* y, const float* dy, const float* mean, Activation act,
                        float* sum, float* sum_of_products);
  /// dx = a·g + b·(x − mean) + c
  void (*normalize_backward)(const Span&, const float* x, const float* y, const float* dy, const float* mean,
                             const float* a, const float* b, const float* c, Activation act, float* dx);

  BlockKernels block;

  void (*activation)(Index n, const float* x, Activation act, float* y);
  void (*activation_backward)(Index n, const float* y, const float* dy, Activation act, float* dx);
  void (*add)(Index n, const float* a, const float* b, float* y);
  void (*scale)(Index n, const float* x, float factor, float* y);
  /// out[i] = Σ_p partials[p·stride + i] in the order of p
  void (*sum_partials)(Index n, const float* partials, Index count, Index stride, float* out);
  void (*sgd)(Index n, float* w, const float* g, float* velocity, float rate, float momentum, float decay);
  void (*adam)(Index n, float* w, const float* g, float* m, float* v, const AdamFactors&);

  /// Sums of `n` columns of bytes over the rows of a span; at most 2²⁴ rows.
  void (*area_rows)(Index n, const std::uint8_t* top, Index stride, const AreaSpan& span, std::uint32_t* sums);
  void (*area_columns)(const AreaRow&, std::uint8_t* out);
  void (*gray)(Index pixels, const std::uint8_t* rgb, std::uint8_t* out);
  void (*signed_shares)(Index n, const std::uint8_t* x, float* y);  ///< y = (x − 128)/128

  // For measure_peak().
  Index (*multiply_add_loop)(Index iterations, float* sink);  ///< returns the number of floating-point operations
  void (*triad)(Index n, const float* a, const float* b, float* y);
};

namespace portable {
extern const Kernels kernels;
}
namespace avx2 {
extern const Kernels kernels;
}
namespace avx512 {
extern const Kernels kernels;
}
namespace neon {
extern const Kernels kernels;
}

/// The kernels called `name` ("avx512", "avx2", "neon", "portable"), or the best of this machine where it is empty (the
/// environment variable DANAS_INSTRUCTION_SET may name them too). Throws Error where the machine has not got them.
const Kernels& choose_kernels(const char* name);

/// Vectors of the next panel of a matrix with `remaining` vectors of columns: never one alone beside others.
constexpr int panel_vectors(Index remaining) {
  return remaining == 4 ? 2 : remaining < 3 ? static_cast<int>(remaining) : 3;
}

/// The first vector of a panel of so many vectors, as panel_vectors() cuts them; beyond the last panel their number.
constexpr Index panel_begin(Index panel, Index vectors) {
  const Index first = 3 * panel < vectors ? 3 * panel : vectors;
  return panel > 0 && vectors - first == 1 ? first - 1 : first;
}

}  // namespace danas::cpu
