// A convolution with its batch normalization: statistics as the output is written, gradients as they are read.
#include "cuda/cuda_operations.hpp"
#include "cuda/launch_on_load.hpp"
#include "tensor/normalized_convolution.hpp"

namespace danas::cuda {

template <class Element>
void CudaOperations<Element>::normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                                              const BatchNormWeights& weights, double epsilon,
                                                              Activation act, Arena& arena, const View& y,
                                                              ConvolutionSaved& saved) {
  constexpr const char* op = "normalized_convolution_training";
  if (fusion() != Fusion::on_load)
    return Backend::normalized_convolution_training(x, w, geometry, weights, epsilon, act, arena, y, saved);
  shapes::convolution(op, type, x, w, geometry, y);
  shapes::batch_norm_weights(op, Type::f32, weights, y.c);
  saved = take_convolution_on_load(arena, y);
  const int depth = count_of(op, w.h * w.w * w.in), channels = count_of(op, x.c);
  const Queue queue{op, scratch(), stream()};
  const Normalized normalized{weights, saved.statistics, saved.affine, count_of(op, y.rows()), epsilon};
  const auto multiply = [&](const auto& left) {
    launch_normalized_product<Element>(queue, left, w, depth, saved.convolved, normalized);
  };
  if (plain(w, geometry)) multiply(PlainRows<Element>{rows_of<Element>(x), channels});
  else multiply(SeenRows<Element>{rows_of<Element>(x), channels, window_of(op, x, y, w, geometry)});
  launch_normalize<Element>(queue, saved.convolved, normalized.as<Element>(act), {}, y);
}

template <class Element>
void CudaOperations<Element>::normalized_convolution_backward(const View& x, const View& y, const View& dy,
                                                              const Filter& w, const Geometry& geometry,
                                                              const BatchNormWeights& weights, double epsilon,
                                                              Activation act, const ConvolutionSaved& saved,
                                                              Arena& arena, const View& dx, const Filter& dw,
                                                              const BatchNormGradients& gradients) {
  constexpr const char* op = "normalized_convolution_backward";
  if (!saved.affine.present() || !gradients_on_load(w, geometry, dx))
    return Backend::normalized_convolution_backward(x, y, dy, w, geometry, weights, epsilon, act, saved, arena, dx, dw,
                                                    gradients);
  shapes::convolution(op, type, x, w, geometry, dy);
  const ArenaScope scope(arena);
  const View slopes = take_coefficients(arena, w.out);
  const BatchNormGradients all = wanted_or_scratch(gradients, arena, w.out);
  const int rows = count_of(op, dy.rows()), width = count_of(op, w.out), channels = count_of(op, x.c);
  const Queue queue{op, scratch(), stream()};
  const Normalized normalized{weights, saved.statistics, saved.affine, rows, epsilon};
  const Rows<Element> output = rows_of<Element>(saved.convolved), gradient = rows_of<Element>(dy);
  const Normalization<Element> normalization = normalized.as<Element>(act);
  const GradientSums<Element, false> sums{output, gradient, normalization, width};
  finish_gradients(queue, launch_channel_parts<Element>(op, dy, sums, queue.workspace, queue.stream),
                   finish_of(normalized, all, slopes));
  const GradientRows<Element, false> right{gradient, output, coefficients_of(slopes), normalization, width};
  const auto filter = [&](const auto& left) {
    launch_filter_product<Element>(op, left, right, rows, dw, scratch(), stream());
  };
  if (dw.present() && plain(w, geometry)) filter(PlainRows<Element>{rows_of<Element>(x), channels});
  else if (dw.present()) filter(SeenRows<Element>{rows_of<Element>(x), channels, window_of(op, x, dy, w, geometry)});
  if (!dx.present()) return;
  launch_product<Element>(op,
                          InputProduct<Element, GradientRows<Element, false>>{
                              right, weights_of<Element>(w), rows_of<Element>(dx), rows, channels, width, width},
                          1, stream());
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
