// The inverted bottleneck in training: no tensor is written but what its three convolutions give and, backward, the masked
// gradients of the two wide ones.
#include "cuda/block_depthwise.cuh"
#include "cuda/cuda_operations.hpp"
#include "cuda/on_load_operands.hpp"
#include "tensor/bottleneck_shape.hpp"

namespace danas::cuda {

namespace {

constexpr Geometry pointwise{1, Padding::same};

/// The lines of a view, in strips of so many pixels of which the first begins so many ahead of it, cut in parts
/// for threads of so many channels: so that a
/// thread has some strips, and that there are blocks for the whole device.
Lines lines_of(const View& view, int threads, int channels, int strip, int ahead, int sums,
               const Workspace& workspace) {
  constexpr Index strips_of_thread = 4, wanted_blocks = 1536;
  const int columns = columns_of_block(static_cast<int>(divided_up(view.c, channels)), block_channels / channels);
  const int strips = static_cast<int>(divided_up(view.w + ahead, strip)), lines = static_cast<int>(view.n * view.h);
  const Index groups = divided_up(view.c, Index{channels} * columns),
              strips_of_block = strips_of_thread * threads / columns;
  const Index wanted = std::min({divided_up(Index{lines} * strips, strips_of_block), divided_up(wanted_blocks, groups),
                                 workspace.fitting<double>(sums * view.c)});
  return {lines, static_cast<int>(divided_up(lines, std::max<Index>(wanted, 1))), strips, columns};
}

int parts_of(const Lines& cut) { return static_cast<int>(divided_up(cut.lines, cut.part)); }

dim3 grid_of(const Lines& cut, int channels_of_thread, std::int64_t channels) {
  return {static_cast<unsigned>(parts_of(cut)),
          static_cast<unsigned>(divided_up(channels, Index{channels_of_thread} * cut.columns))};
}

/// body(stride, normalized) with both as types whose value is a constant.
template <class Body>
void choose(int stride, bool normalized, const Body& body) {
  using Yes = std::true_type;
  using No = std::false_type;
  using One = std::integral_constant<int, 1>;
  using Two = std::integral_constant<int, 2>;
  if (stride == 1) normalized ? body(One{}, Yes{}) : body(One{}, No{});
  else normalized ? body(Two{}, Yes{}) : body(Two{}, No{});
}

}  // namespace

template <class Element>
void CudaOperations<Element>::bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon,
                                                  Arena& arena, const View& y, BottleneckSaved& saved) {
  constexpr const char* op = "bottleneck_training";
  if (fusion() != Fusion::on_load || !BottleneckShape::fusible(weights.depthwise, weights.stride))
    return Backend::bottleneck_training(x, weights, epsilon, arena, y, saved);
  saved = take_bottleneck_on_load(arena, x, weights, y);
  const Normalized first{weights.bn1, saved.bn1, saved.affine1, epsilon},
      second{weights.bn2, saved.bn2, saved.affine2, epsilon}, third{weights.bn3, saved.bn3, saved.affine3, epsilon};
  const auto multiply = [&](const auto& left, const Filter& w, const View& out, const Normalized& normalized) {
    shapes::batch_norm_weights(op, Type::f32, normalized.weights, w.out);
    const int rows = count_of(op, out.rows()), width = count_of(op, w.out), depth = count_of(op, w.in);
    const MomentsProduct<Element, std::decay_t<decltype(left)>> product{
        {left, weights_of<Element>(w), nullptr, {}, rows_of<Element>(out), rows, width, depth, depth}};
    const int parts = launch_summed_product<Element>(op, product, scratch(), stream());
    finish_moments(op, parts, rows, normalized, scratch(), stream());
  };
  View wide = x;
  const bool expands = weights.expand.present();
  if (expands) {
    wide = saved.expanded;
    shapes::convolution(op, type, x, weights.expand, pointwise, wide);
    multiply(PlainRows<Element>{rows_of<Element>(x), count_of(op, x.c)}, weights.expand, wide, first);
  }

  const Geometry geometry{weights.stride, Padding::same};
  const int channels = count_of(op, wide.c);
  shapes::depthwise(op, type, wide, weights.depthwise, geometry, saved.filtered);
  shapes::batch_norm_weights(op, Type::f32, weights.bn2, wide.c);
  const Lines cut = lines_of(saved.filtered, moments_threads, moments_channels,
                             weights.stride == 1 ? moments_strip<1> : moments_strip<2>, 0, 2, scratch());
  const DepthwiseMoments<Element> filter{cut,
                                         rows_of<Element>(wide),
                                         expands ? first.as<Element>(Activation::relu6) : Normalization<Element>{},
                                         weights_of<Element>(weights.depthwise),
                                         rows_of<Element>(saved.filtered),
                                         window_of(op, wide, saved.filtered, weights.depthwise, geometry),
                                         channels,
                                         workspace<double>()};
  choose(weights.stride, expands, [&](auto stride, auto normalized) {
    launch(op, depthwise_moments<stride(), normalized(), Element>, grid_of(cut, moments_channels, wide.c),
           dim3(moments_threads), stream(), filter);
  });
  finish_moments(op, parts_of(cut), saved.filtered.rows(), second, scratch(), stream());

  shapes::convolution(op, type, saved.filtered, weights.project, pointwise, y);
  const NormalizedRows<Element> activated{rows_of<Element>(saved.filtered), second.as<Element>(Activation::relu6),
                                          channels};
  multiply(activated, weights.project, saved.projected, third);
  launch_normalize<Element>(op, saved.projected, third.as<Element>(Activation::none), weights.residual ? x : View{}, y,
                            stream());
}

template <class Element>
void CudaOperations<Element>::bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights,
                                                  double epsilon, const BottleneckSaved& saved, Arena& arena,
                                                  const View& dx, const BottleneckGradients& wanted) {
  constexpr const char* op = "bottleneck_backward";
  if (!saved.affine2.present()) return Backend::bottleneck_backward(x, dy, weights, epsilon, saved, arena, dx, wanted);
  const ArenaScope scope(arena);
  const OnLoadScratch memory = take_scratch_on_load(arena, weights, saved, wanted);
  const bool expands = weights.expand.present();
  const Normalized first{weights.bn1, saved.bn1, saved.affine1, epsilon},
      second{weights.bn2, saved.bn2, saved.affine2, epsilon}, third{weights.bn3, saved.bn3, saved.affine3, epsilon};
  const View& wide = expands ? saved.expanded : x;
  const int rows = count_of(op, dy.rows()), out = count_of(op, dy.c), channels = count_of(op, wide.c);
  shapes::same(op, type, dy, saved.projected);

  // The gradient of the projection's output, then of its filter and its input.
  const Rows<Element> projected = rows_of<Element>(saved.projected), gradient = rows_of<Element>(dy);
  int parts = launch_channel_parts<Element>(
      op, dy, GradientSums<Element, true>{projected, gradient, third.as<Element>(Activation::none), out}, scratch(),
      stream());
  finish_gradients(op, parts, finish_of(third, rows, memory.gradients.bn3, memory.slopes3), scratch(), stream());
  const GradientRows<Element, true> dprojected{gradient, projected, coefficients_of(memory.slopes3), {}, out};
  const Normalization<Element> filtered = second.as<Element>(Activation::relu6);
  if (wanted.project.present())
    launch_filter_product<Element>(op, NormalizedRows<Element>{rows_of<Element>(saved.filtered), filtered, channels},
                                   dprojected, rows, wanted.project, scratch(), stream());
  const MaskedInputProduct<Element, GradientRows<Element, true>> input{
      {dprojected, weights_of<Element>(weights.project), rows_of<Element>(memory.dfiltered), rows, channels, out, out},
      rows_of<Element>(saved.filtered),
      filtered};
  parts = launch_summed_product<Element>(op, input, scratch(), stream());
  finish_gradients(op, parts, finish_of(second, rows, memory.gradients.bn2, memory.slopes2), scratch(), stream());

  const Geometry geometry{weights.stride, Padding::same};
  const Window window = window_of(op, wide, saved.filtered, weights.depthwise, geometry);
  const View& dwide = expands ? memory.dexpanded : dx;
  const int kept = expands ? block_taps + 2 : block_taps;
  const Lines cut = lines_of(wide, gradient_threads, gradient_channels, gradient_strip,
                             weights.stride == 2 ? window.left : 0, kept, scratch());
  const DepthwiseGradients<Element> filter{cut,
                                           rows_of<Element>(memory.dfiltered),
                                           rows_of<Element>(saved.filtered),
                                           coefficients_of(memory.slopes2),
                                           rows_of<Element>(wide),
                                           expands ? first.as<Element>(Activation::relu6) : Normalization<Element>{},
                                           weights_of<Element>(weights.depthwise),
                                           rows_of<Element>(dwide),
                                           window,
                                           channels,
                                           workspace<double>()};
  choose(weights.stride, expands, [&](auto stride, auto normalized) {
    launch(op, depthwise_gradients<stride(), normalized(), Element>, grid_of(cut, gradient_channels, wide.c),
           dim3(gradient_threads), stream(), filter);
  });
  const FinishGradients finish =
      expands ? finish_of(first, wide.rows(), memory.gradients.bn1, memory.slopes1) : FinishGradients{};
  const Filter& dw = wanted.depthwise;
  launch_totals(op, Index{expands ? block_taps + 1 : block_taps} * channels, parts_of(cut), stream(),
                DepthwiseTotals<FinishGradients>{finish, workspace<const double>(), channels, kept,
                                                 dw.present() ? weights_of<float>(dw) : Weights<float>{}});
  if (!expands) {
    if (dx.present() && weights.residual) add(dx, dy, dx);
    return;
  }

  const GradientRows<Element, true> dexpanded{rows_of<Element>(memory.dexpanded),
                                              rows_of<Element>(saved.expanded),
                                              coefficients_of(memory.slopes1),
                                              {},
                                              channels};
  const int all = count_of(op, x.rows()), in = count_of(op, x.c);
  if (wanted.expand.present())
    launch_filter_product<Element>(op, PlainRows<Element>{rows_of<Element>(x), in}, dexpanded, all, wanted.expand,
                                   scratch(), stream());
  if (!dx.present()) return;
  const InputProduct<Element, GradientRows<Element, true>> back{
      dexpanded, weights_of<Element>(weights.expand), rows_of<Element>(dx), all, in, channels, channels};
  if (!weights.residual) return launch_product<Element>(op, back, 1, stream());
  launch_product<Element>(op, ResidualInputProduct<Element, GradientRows<Element, true>>{back, rows_of<Element>(dy)}, 1,
                          stream());
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
