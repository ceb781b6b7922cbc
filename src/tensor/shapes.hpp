// Checks of the operands of an operation: every mismatch of shapes or types throws Error naming the operation. For the
// first lines of a backend's functions; the gradients of an operation have the shapes of its operands.
#pragma once

#include "tensor/backend.hpp"

namespace danas::shapes {

/// Of the activations of an operation and of its filter.
struct Types {
  Type activation, filter;
  constexpr Types(Type both) : activation(both), filter(both) {}
  constexpr Types(Type activation_, Type filter_) : activation(activation_), filter(filter_) {}
};

/// `view` is present, of the type and of the shape of `like`.
void same(const char* op, Type type, const View& view, const View& like);
/// Filters of the type, of equal extents.
void same(const char* op, Type type, const Filter& filter, const Filter& like);
/// A vector of `channels`, or absent.
void optional_vector(const char* op, Type type, const View& vector, std::int64_t channels);
void vector(const char* op, Type type, const View& vector, std::int64_t channels);

void convolution(const char* op, Types types, const View& x, const Filter& w, const Geometry& geometry, const View& y);
void depthwise(const char* op, Types types, const View& x, const Filter& w, const Geometry& geometry, const View& y);
void matmul(const char* op, Types types, const View& x, const Filter& w, const View& y);
void batch_norm(const char* op, Type type, const View& x, const View& y);
void batch_norm_weights(const char* op, Type type, const BatchNormWeights& weights, std::int64_t channels);
void pooled_moments(const char* op, const PooledMoments& pooled, std::int64_t channels);
/// The filters of an inverted bottleneck, of which `expand` may be absent, and a convolution with a stride for inference.
void bottleneck(const char* op, Types types, const View& x, const Filter& expand, const Filter& depthwise,
                const Filter& project, int stride, bool residual, const View& y, int expand_stride = 1);
/// A filter and the one without gaps that it is folded into.
void fold(const char* op, Type type, const Filter& w, const Filter& folded);
/// x [n,h,w,c] and y [n,1,1,c].
void pool(const char* op, Type type, const View& x, const View& y);
/// One label for each row.
void labels(const char* op, Type type, const View& logits, const View& labels);
/// One label for each row, or numbers as the probabilities.
void targets(const char* op, Type type, const View& probabilities, const View& targets);
/// Of as many classes as the logits.
void prediction_counts(const char* op, const View& logits, const PredictionCounts& counts);
void rates(const char* op, const StepRates& rates);
/// A crop inside its image, of at most 2²⁴ pixels a side.
void crop(const char* op, const Image& image, const Crop& crop);
/// LossScale::factor, or absent.
void optional_scale(const char* op, Type type, const View& scale);
void loss_scale(const char* op, Type type, const LossScale& scale);
void augment(const char* op, Type type, std::span<const Image> images, std::span<const Crop> crops, const View& out);

}  // namespace danas::shapes
