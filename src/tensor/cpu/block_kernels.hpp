// The kernels of the fused inverted bottleneck. Its wide tensors (expanded, filtered) lie in planes of 16 channels, each
// [pixels][16], whatever the vector length: a depthwise convolution keeps a plane's weights in registers, and a product
// of 48 columns reads and writes three planes. Channels beyond the last are zeros in weights and therefore everywhere.
#pragma once

#include <cstdint>

namespace danas::cpu {

using Index = std::int64_t;

constexpr Index plane_channels = 16;
constexpr int group_planes = 3;  ///< planes of a channel group, the unit of work

/// Sums of a block of rows about `center`, by channel: added to. Where `first`, the rows are the first of a unit, and
/// `center` becomes the mean of some of them: no center far from the data, no cancellation.
struct Moments {
  float *center, *sum, *squares;
  bool first;
};

/// Rows of a narrow matrix [rows, depth] times a panel of 1 to 3 planes. A row may be several segments, as MatmulBlock's.
struct WideProduct {
  const float* x;
  Index x_stride, rows, depth;
  const float* panel;
  int planes;
  float* y;       ///< row r of the first plane at y + 16·r, where there are no offsets
  Index y_plane;  ///< floats from a plane to the next
  Index segments = 1, segment_step = 0;
};
/// y = relu6(bias + x·w).
struct WideActivated : WideProduct {
  const float* bias;
  const std::int32_t* offsets;  ///< of the rows of y, or null
};
/// y = x·w and its moments.
struct WideMoments : WideProduct {
  Moments moments;
};
/// Back through the projection, ReLU6 and the second normalization: y = q = x·w where ReLU6 is open, z what ReLU6 gave.
/// Sums of q and of q·(filtered − mean) are added to `sum` and `products`.
struct WideBackward : WideProduct {
  const float* filtered;  ///< laid out as y
  const float *mean, *scale, *shift;
  float* z;
  Index z_plane;
  float *sum, *products;
};

/// Rows of a wide matrix times a panel of up to three vectors of columns: y = (add +) (bias +) x·w.
struct NarrowProduct {
  const float* x;
  Index x_plane, planes, rows;
  const float* panel;  ///< [16·planes][vectors·lanes]; of `pairs`: [8·planes][vectors·lanes/2][2]
  int vectors;
  bool pairs;  ///< a vector takes two rows of the panel for half as many columns
  Index columns;
  const float* bias;  ///< or null
  const float* add;   ///< laid out as y, or null; may be y
  float* y;
  Index y_stride;
};
struct NarrowMoments : NarrowProduct {
  Moments moments;
};

/// out[depth][16·planes] += xᵀ·w over the rows: x narrow, w wide.
struct WideFilter {
  const float* x;
  Index x_stride, depth, rows;
  const float* w;
  Index w_plane;
  int planes;
  float* out;
};

/// One plane of a padded map: row y of image i at base + i·image + (rows kept < height ? y mod rows : y)·row, which is
/// where the pixel of padding before it lies.
struct PaddedPlane {
  const float* base;
  Index image, row, rows, height;
  const float* zeros;  ///< a row of them
};

/// 3×3 depthwise convolution of one plane: output rows [first, last) of each image.
struct PlaneFilter {
  PaddedPlane x;  ///< nothing of the padding is read
  int stride;
  Index images, first, last, width;  ///< of the output
  Index padding_y, padding_x;
  const float* weights;  ///< [9][16]
  const float* bias;     ///< with which ReLU6 follows; or null, and moments are taken
  float* y;              ///< row `first` of the first image
  Index y_image;
  Moments moments;
};

/// Its gradients for input rows [first, last): q = dx where ReLU6 is open, dw += x·dy, sums of q and q·(expanded − mean).
struct PlaneFilterBackward {
  PaddedPlane dy;  ///< with zeros in the padding
  int stride;
  Index images, first, last, width;  ///< of the input
  Index padding_y, padding_x;
  const float* weights;  ///< [9][16]
  const float* x;        ///< row `first` of the first image: what ReLU6 gave
  Index x_image, x_pixel;
  bool masked;            ///< else x is no ReLU6's, and `expanded` absent
  const float* expanded;  ///< laid out as x, or null: no sum of products
  const float* mean;
  float* dx;  ///< laid out as x
  float *dw, *sum, *products;
};

/// Rows of pixels of one plane: y = relu6((x − mean)·scale + shift), or scale·x + other_scale·other + shift.
struct PlaneRows {
  const float* x;
  Index x_row;
  float* y;
  Index y_row;
  Index rows, pixels;
  const float *mean, *scale, *shift;
};
struct PlaneCombination : PlaneRows {
  const float *other, *other_scale;  ///< laid out as x
};

/// Pixels between a narrow matrix and a plane: `channels` ≤ 16 of them.
struct PlaneCopy {
  const float* x;
  Index x_row, x_pixel;
  float* y;
  Index y_row, y_pixel;
  Index rows, pixels, channels;
  const float* add;  ///< laid out as y, or null; of a plane's copy to a narrow matrix
};

struct BlockKernels {
  void (*wide_activated)(const WideActivated&);
  void (*wide_moments)(const WideMoments&);
  void (*wide_backward)(const WideBackward&);
  void (*narrow)(const NarrowProduct&);
  void (*narrow_moments)(const NarrowMoments&);
  void (*wide_filter)(const WideFilter&);
  void (*plane_filter)(const PlaneFilter&);
  void (*plane_filter_backward)(const PlaneFilterBackward&);
  void (*plane_normalize)(const PlaneRows&);
  void (*plane_combine)(const PlaneCombination&);
  /// y = x − center for each of `rows` rows of `channels`
  void (*subtract)(const float* x, const float* center, Index rows, Index channels, float* y);
  void (*to_plane)(const PlaneCopy&);
  void (*from_plane)(const PlaneCopy&);
};

}  // namespace danas::cpu
