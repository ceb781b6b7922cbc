#include "tensor/shapes.hpp"

#include "base/error.hpp"

namespace danas::shapes {

namespace {

std::string text(const View& view) {
  return "[" + std::to_string(view.n) + "," + std::to_string(view.h) + "," + std::to_string(view.w) + "," +
         std::to_string(view.c) + "]";
}

std::string text(const Filter& filter) {
  return "a filter [" + std::to_string(filter.h) + "," + std::to_string(filter.w) + "," + std::to_string(filter.in) +
         "," + std::to_string(filter.out) + "]";
}

void present(const char* op, Type wanted, Type type, const void* data) {
  if (!data) throw expected(op, "an operand", "an absent view", Fault::failure);
  if (type != wanted) throw expected(op, std::string("elements of ") + name_of(wanted), name_of(type), Fault::failure);
}

void filter(const char* op, Type type, const Filter& w, std::int64_t in, std::int64_t out) {
  present(op, type, w.type, w.data);
  if (w.in != in || w.out != out || w.h < 1 || w.w < 1)
    throw expected(op, "a filter of " + std::to_string(in) + " to " + std::to_string(out) + " channels", text(w),
                   Fault::failure);
  if (w.row_stride < w.out || w.tap_stride < (w.in - 1) * w.row_stride + w.out)
    throw expected(op, "strides that do not overlap", text(w), Fault::failure);
}

void window(const char* op, Type type, const View& x, const Filter& w, const Geometry& geometry, const View& y) {
  if (geometry.stride < 1)
    throw expected(op, "a stride of at least 1", std::to_string(geometry.stride), Fault::failure);
  View like = y;
  like.n = x.n;
  like.h = output_size(x.h, w.h, geometry);
  like.w = output_size(x.w, w.w, geometry);
  same(op, type, y, like);
}

}  // namespace

void same(const char* op, Type type, const View& view, const View& like) {
  present(op, type, view.type, view.data);
  if (!view.same_shape(like)) throw expected(op, text(like), text(view), Fault::failure);
}

void same(const char* op, Type type, const Filter& w, const Filter& like) {
  filter(op, type, w, like.in, like.out);
  if (w.h != like.h || w.w != like.w) throw expected(op, text(like), text(w), Fault::failure);
}

void vector(const char* op, Type type, const View& vector, std::int64_t channels) {
  present(op, type, vector.type, vector.data);
  if (vector.size() != channels)
    throw expected(op, "a vector of " + std::to_string(channels), text(vector), Fault::failure);
}

void optional_vector(const char* op, Type type, const View& view, std::int64_t channels) {
  if (view.present()) vector(op, type, view, channels);
}

void convolution(const char* op, Types types, const View& x, const Filter& w, const Geometry& geometry, const View& y) {
  present(op, types.activation, x.type, x.data);
  filter(op, types.filter, w, x.c, y.c);
  window(op, types.activation, x, w, geometry, y);
}

void depthwise(const char* op, Types types, const View& x, const Filter& w, const Geometry& geometry, const View& y) {
  present(op, types.activation, x.type, x.data);
  filter(op, types.filter, w, 1, x.c);
  window(op, types.activation, x, w, geometry, y);
  if (y.c != x.c) throw expected(op, std::to_string(x.c) + " channels", text(y), Fault::failure);
}

void bottleneck(const char* op, Types types, const View& x, const Filter& expand, const Filter& depthwise_,
                const Filter& project, int stride, bool residual, const View& y, int expand_stride) {
  const Geometry geometry{stride, Padding::same}, expansion{expand_stride, Padding::same};
  View wide = x, filtered = y;  // these have no memory of their own
  if (expand.present()) {
    wide.h = output_size(x.h, expand.h, expansion);
    wide.w = output_size(x.w, expand.w, expansion);
    wide.c = expand.out;
    convolution(op, types, x, expand, expansion, wide);
  }
  filtered.c = wide.c;
  depthwise(op, types, wide, depthwise_, geometry, filtered);
  convolution(op, types, filtered, project, {}, y);
  if (residual) same(op, types.activation, y, x);
}

void matmul(const char* op, Types types, const View& x, const Filter& w, const View& y) {
  present(op, types.activation, x.type, x.data);
  present(op, types.activation, y.type, y.data);
  filter(op, types.filter, w, x.c, y.c);
  if (w.h != 1 || w.w != 1) throw expected(op, "a matrix", text(w), Fault::failure);
  if (x.rows() != y.rows()) throw expected(op, std::to_string(x.rows()) + " rows", text(y), Fault::failure);
}

void batch_norm(const char* op, Type type, const View& x, const View& y) {
  present(op, type, x.type, x.data);
  same(op, type, y, x);
  if (x.rows() < 1) throw expected(op, "at least one row", text(x), Fault::failure);
}

void batch_norm_weights(const char* op, Type type, const BatchNormWeights& weights, std::int64_t channels) {
  vector(op, type, weights.gamma, channels);
  vector(op, type, weights.beta, channels);
  optional_vector(op, type, weights.running_mean, channels);
  optional_vector(op, type, weights.running_variance, channels);
}

void pooled_moments(const char* op, const PooledMoments& pooled, std::int64_t channels) {
  vector(op, Type::f64, pooled.mean, channels);
  vector(op, Type::f64, pooled.squares, channels);
  vector(op, Type::f64, pooled.rows, 1);
}

void fold(const char* op, Type type, const Filter& w, const Filter& folded) {
  filter(op, type, w, w.in, w.out);
  filter(op, type, folded, w.in, w.out);
  if (!folded.dense() || folded.h != w.h || folded.w != w.w)
    throw expected(op, text(w) + " without gaps", text(folded), Fault::failure);
}

void pool(const char* op, Type type, const View& x, const View& y) {
  present(op, type, x.type, x.data);
  View like = x;
  like.h = like.w = 1;
  same(op, type, y, like);
}

void labels(const char* op, Type type, const View& logits, const View& labels) {
  present(op, type, logits.type, logits.data);
  vector(op, Type::i32, labels, logits.rows());
}

void targets(const char* op, Type type, const View& probabilities, const View& targets) {
  if (targets.type != type) return labels(op, type, probabilities, targets);
  present(op, type, probabilities.type, probabilities.data);
  same(op, type, targets, probabilities);
}

void prediction_counts(const char* op, const View& logits, const PredictionCounts& counts) {
  same(op, Type::f64, counts.confusion, {Type::f64, nullptr, logits.c, 1, 1, logits.c});
  vector(op, Type::f64, counts.loss, 1);
}

void rates(const char* op, const StepRates& rates) {
  same(op, Type::f64, rates.table, {Type::f64, nullptr, rates.table.n, 1, 1, 2});
  vector(op, Type::i32, rates.counter, 1);
  optional_vector(op, Type::i32, rates.skip, 1);
}

void optional_scale(const char* op, Type type, const View& scale) { optional_vector(op, type, scale, 2); }

void loss_scale(const char* op, Type type, const LossScale& scale) {
  vector(op, type, scale.factor, 2);
  vector(op, Type::i32, scale.skip, 1);
}

void crop(const char* op, const Image& image, const Crop& crop) {
  constexpr int most = 1 << 24;  // of a side: sums of columns stay below 2³²
  if (!image.pixels || (image.channels != 1 && image.channels != 3))
    throw expected(op, "an image of 1 or 3 channels", std::to_string(image.channels), Fault::failure);
  if (crop.x < 0 || crop.y < 0 || crop.width < 1 || crop.height < 1 || crop.width > image.width - crop.x ||
      crop.height > image.height - crop.y || crop.width > most || crop.height > most)
    throw expected(op,
                   "a crop inside the image of " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                       ", of at most 2^24 pixels a side",
                   std::to_string(crop.width) + "x" + std::to_string(crop.height) + " at " + std::to_string(crop.x) +
                       "," + std::to_string(crop.y),
                   Fault::failure);
}

void augment(const char* op, Type type, std::span<const Image> images, std::span<const Crop> crops, const View& out) {
  present(op, type, out.type, out.data);
  if (static_cast<std::int64_t>(images.size()) != out.n || images.size() != crops.size())
    throw expected(op, std::to_string(out.n) + " images and crops",
                   std::to_string(images.size()) + " and " + std::to_string(crops.size()), Fault::failure);
  if (out.c != 1 && out.c != 3) throw expected(op, "1 or 3 channels", text(out), Fault::failure);
  for (std::size_t i = 0; i < images.size(); ++i) shapes::crop(op, images[i], crops[i]);
}

}  // namespace danas::shapes
