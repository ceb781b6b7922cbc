// Cases of convolutions and matrix products. Channel counts sit around the vector lengths (8 and 16 floats) and their
// multiples.
#include <array>

#include "tensor/selftest_side.hpp"

namespace danas {

namespace {

using Side = SelftestSide;

constexpr std::array<std::int64_t, 9> widths{1, 7, 8, 9, 15, 16, 17, 33, 96};
constexpr std::array<std::array<std::int64_t, 2>, 5> sizes{{{1, 1}, {2, 3}, {5, 7}, {8, 8}, {14, 13}}};
constexpr std::array<Activation, 4> activations{Activation::none, Activation::relu, Activation::relu6,
                                                Activation::sigmoid};
constexpr double tolerance = 1e-5;

struct Window {
  std::int64_t n, h, w, in, out, kernel;
  Geometry geometry;
  bool gaps, biased;
  Activation act;

  std::int64_t out_h() const { return output_size(h, kernel, geometry); }
  std::int64_t out_w() const { return output_size(w, kernel, geometry); }
  bool linear() const { return act != Activation::sigmoid; }
  std::string name() const {
    return selftest_shape({n, h, w, in}) + " to " + std::to_string(out) + ", kernel " + std::to_string(kernel) +
           ", stride " + std::to_string(geometry.stride) + (geometry.padding == Padding::same ? "" : ", valid") +
           (gaps ? ", gaps" : "");
  }
};

std::vector<Window> convolution_windows() {
  std::vector<Window> windows;
  int turn = 0;
  const auto push = [&](std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out,
                        std::int64_t kernel, int stride, Padding padding) {
    if (padding == Padding::valid && (h < kernel || w < kernel)) return;
    ++turn;
    windows.push_back({n,
                       h,
                       w,
                       in,
                       out,
                       kernel,
                       {stride, padding},
                       turn % 2 == 0,
                       turn % 3 != 0,
                       activations[static_cast<std::size_t>(turn) % activations.size()]});
  };
  for (const std::int64_t in : widths)
    for (const std::int64_t out : widths) push(1, 3, 5, in, out, 1, 1, Padding::same);
  for (const std::int64_t in : {1, 3, 8, 17})
    for (const std::int64_t out : {1, 7, 16, 33})
      for (const int stride : {1, 2})
        for (const auto& size : sizes) push(2, size[0], size[1], in, out, 3, stride, Padding::same);
  for (const std::int64_t kernel : {1, 2, 3, 5})
    for (const int stride : {1, 2, 3})
      for (const auto& size : sizes) push(1, size[0], size[1], 5, 10, kernel, stride, Padding::valid);
  for (const int stride : {1, 2, 3}) push(2, 9, 6, 3, 9, 5, stride, Padding::same);
  push(3, 17, 19, 96, 24, 1, 1, Padding::same);
  push(1, 16, 16, 24, 144, 1, 1, Padding::same);
  push(2, 32, 32, 3, 32, 3, 2, Padding::same);
  push(1, 4, 4, 330, 257, 1, 1, Padding::same);
  return windows;
}

void add_convolutions(SelftestTable& table, const std::vector<Window>& windows) {
  for (const Window& s : windows)
    table.add("convolution", tolerance, s.linear(), s.name(), [s](Side& side) {
      const View x = side.input(s.n, s.h, s.w, s.in);
      const Filter w = side.filter(s.kernel, s.kernel, s.in, s.out, s.gaps);
      const View bias = s.biased ? side.vector(s.out) : View{};
      side.backend().convolution(x, w, s.geometry, bias, s.act, side.result(s.n, s.out_h(), s.out_w(), s.out));
    });
  for (const Window& s : windows)
    if (s.kernel == 1 && s.geometry.stride == 1)
      table.add("features_inference", tolerance, false, s.name(), [s](Side& side) {
        const View x = side.input(s.n, s.h, s.w, s.in);
        const Filter w = side.filter(1, 1, s.in, s.out, s.gaps);
        side.backend().features_inference(x, {w, side.vector(s.out), s.act, {}}, side.arena(),
                                          side.result(s.n, 1, 1, s.out));
      });
  for (const Window& s : windows)
    table.add("convolution_backward_input", tolerance, true, s.name(), [s](Side& side) {
      const View dy = side.input(s.n, s.out_h(), s.out_w(), s.out);
      const Filter w = side.filter(s.kernel, s.kernel, s.in, s.out, s.gaps);
      side.backend().convolution_backward_input(dy, w, s.geometry, side.result(s.n, s.h, s.w, s.in));
    });
  for (const Window& s : windows)
    table.add("convolution_backward_filter", tolerance, true, s.name(), [s](Side& side) {
      const View x = side.input(s.n, s.h, s.w, s.in), dy = side.input(s.n, s.out_h(), s.out_w(), s.out);
      side.backend().convolution_backward_filter(x, dy, s.geometry,
                                                 side.filter_result(s.kernel, s.kernel, s.in, s.out, s.gaps));
    });
}

std::vector<Window> depthwise_windows() {
  std::vector<Window> windows;
  int turn = 0;
  for (const std::int64_t c : widths)
    for (const std::int64_t kernel : {3, 5})
      for (const int stride : {1, 2})
        for (const Padding padding : {Padding::same, Padding::valid})
          for (const auto& size : sizes) {
            if (padding == Padding::valid && (size[0] < kernel || size[1] < kernel)) continue;
            ++turn;
            windows.push_back({2,
                               size[0],
                               size[1],
                               c,
                               c,
                               kernel,
                               {stride, padding},
                               turn % 2 == 0,
                               turn % 3 != 0,
                               activations[static_cast<std::size_t>(turn) % activations.size()]});
          }
  windows.push_back({1, 40, 37, 40, 40, 3, {2, Padding::same}, true, true, Activation::relu6});
  windows.push_back({1, 37, 40, 40, 40, 3, {1, Padding::same}, true, true, Activation::relu6});
  return windows;
}

void add_depthwise(SelftestTable& table, const std::vector<Window>& windows) {
  for (const Window& s : windows)
    table.add("depthwise", tolerance, s.linear(), s.name(), [s](Side& side) {
      const View x = side.input(s.n, s.h, s.w, s.in);
      const Filter w = side.filter(s.kernel, s.kernel, 1, s.in, s.gaps);
      const View bias = s.biased ? side.vector(s.in) : View{};
      side.backend().depthwise(x, w, s.geometry, bias, s.act, side.result(s.n, s.out_h(), s.out_w(), s.in));
    });
  for (const Window& s : windows)
    table.add("depthwise_backward_input", tolerance, true, s.name(), [s](Side& side) {
      const View dy = side.input(s.n, s.out_h(), s.out_w(), s.in);
      const Filter w = side.filter(s.kernel, s.kernel, 1, s.in, s.gaps);
      side.backend().depthwise_backward_input(dy, w, s.geometry, side.result(s.n, s.h, s.w, s.in));
    });
  for (const Window& s : windows)
    table.add("depthwise_backward_filter", tolerance, true, s.name(), [s](Side& side) {
      const View x = side.input(s.n, s.h, s.w, s.in), dy = side.input(s.n, s.out_h(), s.out_w(), s.in);
      side.backend().depthwise_backward_filter(x, dy, s.geometry,
                                               side.filter_result(s.kernel, s.kernel, 1, s.in, s.gaps));
    });
}

struct Product {
  std::int64_t rows, in, out;
  bool gaps, biased;
  Activation act;
  std::string name() const { return selftest_shape({rows, in, out}) + (gaps ? ", gaps" : ""); }
};

std::vector<Product> products() {
  std::vector<Product> all;
  int turn = 0;
  const auto push = [&](std::int64_t rows, std::int64_t in, std::int64_t out) {
    ++turn;
    all.push_back({rows, in, out, turn % 2 == 0, turn % 3 != 0,
                   activations[static_cast<std::size_t>(turn) % activations.size()]});
  };
  for (const std::int64_t in : widths)
    for (const std::int64_t out : widths) push(1 + (in * 7 + out) % 29, in, out);
  for (const std::int64_t rows : {1, 2, 5, 6, 7, 13, 64, 1000}) push(rows, 20, 12);
  push(3, 1280, 2);
  push(130, 300, 70);
  push(67, 600, 130);
  push(700, 3, 200);
  return all;
}

void add_matmul(SelftestTable& table) {
  for (const Product& s : products())
    table.add("matmul", tolerance, s.act != Activation::sigmoid, s.name(), [s](Side& side) {
      const View x = side.input(s.rows, 1, 1, s.in);
      const Filter w = side.filter(1, 1, s.in, s.out, s.gaps);
      const View bias = s.biased ? side.vector(s.out) : View{};
      side.backend().matmul(x, w, bias, s.act, side.result(s.rows, 1, 1, s.out));
    });
  for (const Product& s : products())
    table.add("matmul_backward_input", tolerance, true, s.name(), [s](Side& side) {
      const View dy = side.input(s.rows, 1, 1, s.out);
      const Filter w = side.filter(1, 1, s.in, s.out, s.gaps);
      side.backend().matmul_backward_input(dy, w, side.result(s.rows, 1, 1, s.in));
    });
  for (const Product& s : products())
    table.add("matmul_backward_filter", tolerance, true, s.name(), [s](Side& side) {
      const View x = side.input(s.rows, 1, 1, s.in), dy = side.input(s.rows, 1, 1, s.out);
      side.backend().matmul_backward_filter(x, dy, side.filter_result(1, 1, s.in, s.out, s.gaps));
    });
  for (const Product& s : products())
    table.add("bias_backward", tolerance, true, s.name(), [s](Side& side) {
      side.backend().bias_backward(side.input(s.rows, 1, 1, s.out), side.vector_result(s.out));
    });
}

}  // namespace

void add_product_cases(SelftestTable& table) {
  add_convolutions(table, convolution_windows());
  add_depthwise(table, depthwise_windows());
  add_matmul(table);
}

void add_products_by_four(SelftestTable& table) {
  std::vector<Window> windows, planes;
  for (const std::int64_t c : {4, 12, 20})
    for (const bool gaps : {false, true}) {
      for (const std::int64_t kernel : {1, 3})
        windows.push_back({2, 7, 6, c, 24 - c, kernel, {1, Padding::same}, gaps, true, Activation::relu6});
      for (const int stride : {1, 2})
        planes.push_back({2, 7, 6, c, c, 3, {stride, Padding::same}, gaps, true, Activation::relu6});
    }
  // Tasks have several panels, of which the last two are narrow with vectors of 16 and of 8.
  windows.push_back({2, 4, 5, 24, 392, 1, {1, Padding::same}, false, true, Activation::relu6});
  add_convolutions(table, windows);
  add_depthwise(table, planes);
}

void add_normalized_convolution_cases(SelftestTable& table) {
  constexpr double epsilon = 1e-3, normalization = 1e-4;
  std::vector<Window> windows;
  const auto push = [&](std::int64_t n, std::int64_t size, std::int64_t in, std::int64_t out, int stride, bool gaps) {
    windows.push_back({n, size, size - 1, in, out, 3, {stride, Padding::same}, gaps, false, Activation::relu6});
  };
  for (const std::int64_t n : {2, 40}) push(n, 9, 3, 32, 2, n == 2);
  for (const std::int64_t in : {1, 3, 7})
    for (const std::int64_t out : {4, 16, 17}) push(1, 26, in, out, 1, out == 16);
  for (const Window& s : windows)
    table.add("normalized_convolution_training", normalization, false, s.name(), [s](Side& side) {
      const View x = side.input(s.n, s.h, s.w, s.in);
      const Filter w = side.filter(s.kernel, s.kernel, s.in, s.out, s.gaps);
      ConvolutionSaved saved;
      side.backend().normalized_convolution_training(x, w, s.geometry, side.batch_norm_weights(s.out), epsilon, s.act,
                                                     side.arena(), side.result(s.n, s.out_h(), s.out_w(), s.out),
                                                     saved);
    });
  for (const Window& s : windows)
    for (const bool wants_dx : {true, false})
      table.add("normalized_convolution_backward", normalization, false, s.name() + (wants_dx ? "" : ", no dx"),
                [=](Side& side) {
                  const View x = side.input(s.n, s.h, s.w, s.in);
                  const Filter w = side.filter(s.kernel, s.kernel, s.in, s.out, s.gaps);
                  const BatchNormWeights weights = side.batch_norm_weights(s.out);
                  const View y = side.arena().take(s.n, s.out_h(), s.out_w(), s.out), raw = side.arena().take_like(y);
                  const View dy = side.input(s.n, s.out_h(), s.out_w(), s.out);
                  ConvolutionSaved saved;
                  side.backend().normalized_convolution_training(x, w, s.geometry, weights, epsilon, s.act,
                                                                 side.arena(), y, saved);
                  side.backend().convolution(x, w, s.geometry, {}, Activation::none, raw);
                  side.watch_kinks(raw, weights, saved.statistics, epsilon);
                  const View dx = wants_dx ? side.result(s.n, s.h, s.w, s.in) : View{};
                  const Filter dw = side.filter_result(s.kernel, s.kernel, s.in, s.out, s.gaps);
                  const View gamma = side.vector_result(s.out);
                  side.backend().normalized_convolution_backward(x, y, dy, w, s.geometry, weights, epsilon, s.act,
                                                                 saved, side.arena(), dx, dw,
                                                                 {gamma, side.vector_result(s.out)});
                });
}

}  // namespace danas
