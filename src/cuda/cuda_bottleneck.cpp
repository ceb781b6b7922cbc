// The inverted bottleneck in training: no tensor is written but what its three convolutions give and, backward, the masked
// gradients of the two wide ones.
#include "cuda/cuda_operations.hpp"
#include "cuda/launch_depthwise.hpp"
#include "tensor/bottleneck_shape.hpp"

namespace danas::cuda {

namespace {

constexpr Geometry pointwise{1, Padding::same};

/// The three normalizations of a block whose input has so many rows.
struct BlockNormalizations {
  Normalized first, second, third;

  BlockNormalizations(const BottleneckWeights& weights, const BottleneckSaved& saved, std::int64_t rows, double epsilon)
      : first{weights.bn1, saved.bn1, saved.affine1, rows, epsilon}, second{weights.bn2, saved.bn2, saved.affine2,
                                                                            saved.filtered.rows(), epsilon},
        third{weights.bn3, saved.bn3, saved.affine3, saved.filtered.rows(), epsilon} {}
};

void check_shapes(const char* op, Type type, const View& x, const BottleneckWeights& weights,
                  const BottleneckSaved& saved, const View& y) {
  const bool expands = weights.expand.present();
  const View& wide = expands ? saved.expanded : x;
  if (expands) {
    shapes::convolution(op, type, x, weights.expand, pointwise, wide);
    shapes::batch_norm_weights(op, Type::f32, weights.bn1, wide.c);
  }
  shapes::depthwise(op, type, wide, weights.depthwise, {weights.stride, Padding::same}, saved.filtered);
  shapes::batch_norm_weights(op, Type::f32, weights.bn2, wide.c);
  shapes::convolution(op, type, saved.filtered, weights.project, pointwise, y);
  shapes::batch_norm_weights(op, Type::f32, weights.bn3, y.c);
  if (weights.residual) shapes::same(op, type, x, y);
  for (const View& view : {x, wide, saved.filtered, y}) {
    count_of(op, view.rows());
    count_of(op, view.c);
  }
}

/// The gradients of the projection: of its normalization and its filter, and the masked one of its input with that of the
/// normalization before it.
template <class Element>
void back_through_projection(const Queue& queue, const View& dy, const Filter& w, const BottleneckSaved& saved,
                             const BlockNormalizations& of, const OnLoadScratch& memory, const Filter& dw) {
  const int rows = static_cast<int>(dy.rows()), out = static_cast<int>(dy.c), wide = of.second.channels();
  const Rows<Element> projected = rows_of<Element>(saved.projected), gradient = rows_of<Element>(dy);
  const Rows<Element> filtered = rows_of<Element>(saved.filtered);
  const GradientSums<Element, true> sums{projected, gradient, of.third.as<Element>(Activation::none), out};
  finish_gradients(queue, launch_channel_parts<Element>(queue.operation, dy, sums, queue.workspace, queue.stream),
                   finish_of(of.third, memory.gradients.bn3, memory.slopes3));
  const GradientRows<Element, true> dprojected{gradient, projected, coefficients_of(memory.slopes3), {}, out};
  const Normalization<Element> normalization = of.second.as<Element>(Activation::relu6);
  if (dw.present())
    launch_filter_product<Element>(queue.operation, NormalizedRows<Element>{filtered, normalization, wide}, dprojected,
                                   rows, dw, queue.workspace, queue.stream);
  const MaskedInputProduct<Element, GradientRows<Element, true>> input{
      {dprojected, weights_of<Element>(w), rows_of<Element>(memory.dfiltered), rows, wide, out, out},
      filtered,
      normalization};
  finish_gradients(queue, launch_summed_product<Element>(queue.operation, input, queue.workspace, queue.stream),
                   finish_of(of.second, memory.gradients.bn2, memory.slopes2));
}

/// The gradients of the expansion from that of its normalization: of its filter and of the block's input, with what came
/// by the residual.
template <class Element>
void back_through_expansion(const Queue& queue, const View& x, const Filter& w, const BottleneckSaved& saved,
                            const OnLoadScratch& memory, const View& residual, const View& dx, const Filter& dw) {
  const int rows = static_cast<int>(x.rows()), in = static_cast<int>(x.c), wide = static_cast<int>(w.out);
  using Left = GradientRows<Element, true>;
  const Left dexpanded{
      rows_of<Element>(memory.dexpanded), rows_of<Element>(saved.expanded), coefficients_of(memory.slopes1), {}, wide};
  if (dw.present())
    launch_filter_product<Element>(queue.operation, PlainRows<Element>{rows_of<Element>(x), in}, dexpanded, rows, dw,
                                   queue.workspace, queue.stream);
  if (!dx.present()) return;
  const InputProduct<Element, Left> input{dexpanded, weights_of<Element>(w), rows_of<Element>(dx), rows, in, wide,
                                          wide};
  if (!residual.present()) return launch_product<Element>(queue.operation, input, 1, queue.stream);
  launch_product<Element>(queue.operation, ResidualInputProduct<Element, Left>{input, rows_of<Element>(residual)}, 1,
                          queue.stream);
}

}  // namespace

template <class Element>
void CudaOperations<Element>::bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon,
                                                  Arena& arena, const View& y, BottleneckSaved& saved) {
  constexpr const char* op = "bottleneck_training";
  if (fusion() != Fusion::on_load || !BottleneckShape::fusible(weights.depthwise, weights.stride))
    return Backend::bottleneck_training(x, weights, epsilon, arena, y, saved);
  saved = take_bottleneck_on_load(arena, x, weights, y);
  check_shapes(op, type, x, weights, saved, y);
  const Queue queue{op, scratch(), stream()};
  const BlockNormalizations of(weights, saved, x.rows(), epsilon);
  const bool expands = weights.expand.present();
  const View& wide = expands ? saved.expanded : x;
  const int in = static_cast<int>(x.c), channels = static_cast<int>(wide.c);
  if (expands)
    launch_normalized_product<Element>(queue, PlainRows<Element>{rows_of<Element>(x), in}, weights.expand, in, wide,
                                       of.first);
  launch_normalized_depthwise<Element>(
      queue, wide, expands ? &of.first : nullptr, weights.depthwise,
      window_of(op, wide, saved.filtered, weights.depthwise, {weights.stride, Padding::same}), saved.filtered,
      of.second);
  const NormalizedRows<Element> activated{rows_of<Element>(saved.filtered), of.second.as<Element>(Activation::relu6),
                                          channels};
  launch_normalized_product<Element>(queue, activated, weights.project, channels, saved.projected, of.third);
  launch_normalize<Element>(queue, saved.projected, of.third.as<Element>(Activation::none),
                            weights.residual ? x : View{}, y);
}

template <class Element>
void CudaOperations<Element>::bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights,
                                                  double epsilon, const BottleneckSaved& saved, Arena& arena,
                                                  const View& dx, const BottleneckGradients& wanted) {
  constexpr const char* op = "bottleneck_backward";
  if (!saved.affine2.present()) return Backend::bottleneck_backward(x, dy, weights, epsilon, saved, arena, dx, wanted);
  check_shapes(op, type, x, weights, saved, dy);
  const ArenaScope scope(arena);
  const OnLoadScratch memory = take_scratch_on_load(arena, weights, saved, wanted);
  const Queue queue{op, scratch(), stream()};
  const BlockNormalizations of(weights, saved, x.rows(), epsilon);
  const bool expands = weights.expand.present();
  const View& wide = expands ? saved.expanded : x;
  back_through_projection<Element>(queue, dy, weights.project, saved, of, memory, wanted.project);
  launch_depthwise_gradients<Element>(
      queue, memory.dfiltered, saved.filtered, memory.slopes2, wide, expands ? &of.first : nullptr,
      expands ? finish_of(of.first, memory.gradients.bn1, memory.slopes1) : FinishGradients{}, weights.depthwise,
      window_of(op, wide, saved.filtered, weights.depthwise, {weights.stride, Padding::same}),
      expands ? memory.dexpanded : dx, wanted.depthwise);
  if (expands)
    back_through_expansion<Element>(queue, x, weights.expand, saved, memory, weights.residual ? dy : View{}, dx,
                                    wanted.expand);
  else if (dx.present() && weights.residual) add(dx, dy, dx);
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
