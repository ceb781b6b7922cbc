// Starts the depthwise kernels between two normalizations, for the launchers of blocks.
#pragma once

#include <type_traits>

#include "cuda/block_depthwise.cuh"
#include "cuda/launch_on_load.hpp"

namespace danas::cuda {

/// The lines of a view, in strips of so many pixels of which the first begins so many ahead of it, cut in parts for
/// blocks of so many threads with so many channels each: so that a thread has some strips, and that there are blocks for
/// the whole device.
inline Lines lines_of(const View& view, int threads, int channels, int strip, int ahead, int sums,
                      const Workspace& workspace) {
  constexpr Index strips_of_thread = 4, wanted_blocks = 1536;
  const int columns = columns_of_block(static_cast<int>(divided_up(view.c, channels)), block_channels / channels);
  const int strips = static_cast<int>(divided_up(view.w + ahead, strip)), lines = static_cast<int>(view.n * view.h);
  const Index groups = divided_up(view.c, Index{channels} * columns);
  const Index strips_of_block = strips_of_thread * threads / columns;
  const Index wanted = std::min({divided_up(Index{lines} * strips, strips_of_block), divided_up(wanted_blocks, groups),
                                 workspace.fitting<double>(sums * view.c)});
  return {lines, static_cast<int>(divided_up(lines, std::max<Index>(wanted, 1))), strips, columns};
}

inline int parts_of(const Lines& cut) { return static_cast<int>(divided_up(cut.lines, cut.part)); }

inline dim3 grid_of(const Lines& cut, int channels_of_thread, std::int64_t channels) {
  return {static_cast<unsigned>(parts_of(cut)),
          static_cast<unsigned>(divided_up(channels, Index{channels_of_thread} * cut.columns))};
}

/// body(stride, normalized) with both as types whose value is a constant.
template <class Body>
void choose(int stride, bool normalized, const Body& body) {
  using One = std::integral_constant<int, 1>;
  using Two = std::integral_constant<int, 2>;
  if (stride == 1) normalized ? body(One{}, std::true_type{}) : body(One{}, std::false_type{});
  else normalized ? body(Two{}, std::true_type{}) : body(Two{}, std::false_type{});
}

/// y, the convolution of x as it is or, where `before` is not null, of what ReLU6 makes of its normalization; and what y's
/// own normalization comes to.
template <class Element>
void launch_normalized_depthwise(const Queue& queue, const View& x, const Normalized* before, const Filter& w,
                                 const Window& window, const View& y, const Normalized& of) {
  const int strip = window.stride == 1 ? moments_strip<1> : moments_strip<2>;
  const Lines cut = lines_of(y, moments_threads, moments_channels, strip, 0, 2, queue.workspace);
  const DepthwiseMoments<Element> filter{cut,
                                         rows_of<Element>(x),
                                         before != nullptr ? before->as<Element>(Activation::relu6)
                                                           : Normalization<Element>{},
                                         weights_of<Element>(w),
                                         rows_of<Element>(y),
                                         window,
                                         static_cast<int>(y.c),
                                         queue.workspace.as<double>()};
  choose(window.stride, before != nullptr, [&](auto stride, auto normalized) {
    launch(queue.operation, depthwise_moments<stride(), normalized(), Element>, grid_of(cut, moments_channels, y.c),
           dim3(moments_threads), queue.stream, filter);
  });
  finish_moments(queue, parts_of(cut), of);
}

/// The gradients of that, from the masked gradient `dz` of what the normalization of y gives: by x (masked, with those of
/// its own normalization, where `before` is not null), and by the filter; both may be absent.
template <class Element>
void launch_depthwise_gradients(const Queue& queue, const View& dz, const View& y, const View& slopes, const View& x,
                                const Normalized* before, const FinishGradients& finish, const Filter& w,
                                const Window& window, const View& dx, const Filter& dw) {
  const int channels = static_cast<int>(x.c), sums = block_taps + (before != nullptr ? 1 : 0);
  const int kept = block_taps + (before != nullptr ? 2 : 0), ahead = window.stride == 2 ? window.left : 0;
  const Lines cut = lines_of(x, gradient_threads, gradient_channels, gradient_strip, ahead, kept, queue.workspace);
  const DepthwiseGradients<Element> filter{cut,
                                           rows_of<Element>(dz),
                                           rows_of<Element>(y),
                                           coefficients_of(slopes),
                                           rows_of<Element>(x),
                                           before != nullptr ? before->as<Element>(Activation::relu6)
                                                             : Normalization<Element>{},
                                           weights_of<Element>(w),
                                           rows_of<Element>(dx),
                                           window,
                                           channels,
                                           queue.workspace.as<double>()};
  choose(window.stride, before != nullptr, [&](auto stride, auto normalized) {
    launch(queue.operation, depthwise_gradients<stride(), normalized(), Element>, grid_of(cut, gradient_channels, x.c),
           dim3(gradient_threads), queue.stream, filter);
  });
  launch_totals(queue.operation, Index{sums} * channels, parts_of(cut), queue.stream,
                DepthwiseTotals<FinishGradients>{finish, queue.workspace.as<const double>(), channels, kept,
                                                 dw.present() ? weights_of<float>(dw) : Weights<float>{}});
}

}  // namespace danas::cuda
