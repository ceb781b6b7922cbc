#include <vector>

#include "tensor/reference_backend.hpp"

namespace danas {

using reference::at;

namespace {

// Calls body(n, oy, ox, ky, kx, iy, ix) for every pixel of the output and every tap that falls on the input.
template <class Body>
void for_each_tap(const View& x, const View& y, std::int64_t kernel_h, std::int64_t kernel_w, const Geometry& geometry,
                  const Body& body) {
  const std::int64_t top = padding_before(x.h, kernel_h, geometry), left = padding_before(x.w, kernel_w, geometry);
  for (std::int64_t n = 0; n < y.n; ++n)
    for (std::int64_t oy = 0; oy < y.h; ++oy)
      for (std::int64_t ox = 0; ox < y.w; ++ox)
        for (std::int64_t ky = 0; ky < kernel_h; ++ky)
          for (std::int64_t kx = 0; kx < kernel_w; ++kx) {
            const std::int64_t iy = oy * geometry.stride + ky - top, ix = ox * geometry.stride + kx - left;
            if (iy >= 0 && iy < x.h && ix >= 0 && ix < x.w) body(n, oy, ox, ky, kx, iy, ix);
          }
}

// Sums in double of the elements of a view or of a filter without gaps, rounded once at the end.
class Sums {
 public:
  explicit Sums(const View& like) : view_(like.with_data(nullptr)), values_(static_cast<std::size_t>(like.size())) {
    view_.data = values_.data();
  }
  double& at(std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t c) {
    return reference::at<double>(view_, n, y, x, c);
  }
  template <class Real>
  void store(const View& out) const {
    for (std::size_t i = 0; i < values_.size(); ++i) out.as<Real>()[i] = static_cast<Real>(values_[i]);
  }
  template <class Element, class Real>
  void store(const View& out, const View& bias, Activation act) const {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const double shift = bias.present() ? bias.as<Real>()[static_cast<std::int64_t>(i) % out.c] : 0.0;
      out.as<Element>()[i] = static_cast<Element>(reference::activate(values_[i] + shift, act));
    }
  }
  template <class Real>
  void store(const Filter& out) const {
    for (std::int64_t ky = 0; ky < out.h; ++ky)
      for (std::int64_t kx = 0; kx < out.w; ++kx)
        for (std::int64_t i = 0; i < out.in; ++i)
          for (std::int64_t o = 0; o < out.out; ++o)
            reference::at<Real>(out, ky, kx, i, o) = static_cast<Real>(reference::at<double>(view_, ky, kx, i, o));
  }

 private:
  View view_;
  std::vector<double> values_;
};

Sums filter_sums(const Filter& w) { return Sums(View{Type::f64, nullptr, w.h, w.w, w.in, w.out}); }

}  // namespace

template <class Element>
void ReferenceBackend<Element>::convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                                            Activation act, const View& y) {
  shapes::convolution("convolution", type, x, w, geometry, y);
  shapes::optional_vector("convolution", real_type, bias, y.c);
  Sums sums(y);
  for_each_tap(x, y, w.h, w.w, geometry, [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
    for (std::int64_t i = 0; i < w.in; ++i)
      for (std::int64_t o = 0; o < w.out; ++o)
        sums.at(n, oy, ox, o) += double{at<Element>(x, n, iy, ix, i)} * double{at<Element>(w, ky, kx, i, o)};
  });
  sums.store<Element, Real>(y, bias, act);
}

template <class Element>
void ReferenceBackend<Element>::convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                                           const View& dx) {
  shapes::convolution("convolution_backward_input", type, dx, w, geometry, dy);
  Sums sums(dx);
  for_each_tap(dx, dy, w.h, w.w, geometry, [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
    for (std::int64_t i = 0; i < w.in; ++i)
      for (std::int64_t o = 0; o < w.out; ++o)
        sums.at(n, iy, ix, i) += double{at<Element>(dy, n, oy, ox, o)} * double{at<Element>(w, ky, kx, i, o)};
  });
  sums.store<Element>(dx);
}

template <class Element>
void ReferenceBackend<Element>::convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                                            const Filter& dw) {
  shapes::convolution("convolution_backward_filter", gradients, x, dw, geometry, dy);
  Sums sums = filter_sums(dw);
  for_each_tap(x, dy, dw.h, dw.w, geometry, [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
    for (std::int64_t i = 0; i < dw.in; ++i)
      for (std::int64_t o = 0; o < dw.out; ++o)
        sums.at(ky, kx, i, o) += double{at<Element>(x, n, iy, ix, i)} * double{at<Element>(dy, n, oy, ox, o)};
  });
  sums.store<Real>(dw);
}

template <class Element>
void ReferenceBackend<Element>::depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                                          Activation act, const View& y) {
  shapes::depthwise("depthwise", type, x, w, geometry, y);
  shapes::optional_vector("depthwise", real_type, bias, y.c);
  Sums sums(y);
  for_each_tap(x, y, w.h, w.w, geometry, [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
    for (std::int64_t c = 0; c < x.c; ++c)
      sums.at(n, oy, ox, c) += double{at<Element>(x, n, iy, ix, c)} * double{at<Element>(w, ky, kx, 0, c)};
  });
  sums.store<Element, Real>(y, bias, act);
}

template <class Element>
void ReferenceBackend<Element>::depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                                         const View& dx) {
  shapes::depthwise("depthwise_backward_input", type, dx, w, geometry, dy);
  Sums sums(dx);
  for_each_tap(dx, dy, w.h, w.w, geometry, [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
    for (std::int64_t c = 0; c < dx.c; ++c)
      sums.at(n, iy, ix, c) += double{at<Element>(dy, n, oy, ox, c)} * double{at<Element>(w, ky, kx, 0, c)};
  });
  sums.store<Element>(dx);
}

template <class Element>
void ReferenceBackend<Element>::depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                                          const Filter& dw) {
  shapes::depthwise("depthwise_backward_filter", gradients, x, dw, geometry, dy);
  Sums sums = filter_sums(dw);
  for_each_tap(x, dy, dw.h, dw.w, geometry, [&](auto n, auto oy, auto ox, auto ky, auto kx, auto iy, auto ix) {
    for (std::int64_t c = 0; c < x.c; ++c)
      sums.at(ky, kx, 0, c) += double{at<Element>(x, n, iy, ix, c)} * double{at<Element>(dy, n, oy, ox, c)};
  });
  sums.store<Real>(dw);
}

template <class Element>
void ReferenceBackend<Element>::matmul(const View& x, const Filter& w, const View& bias, Activation act,
                                       const View& y) {
  shapes::matmul("matmul", type, x, w, y);
  shapes::optional_vector("matmul", real_type, bias, y.c);
  for (std::int64_t row = 0; row < x.rows(); ++row)
    for (std::int64_t o = 0; o < w.out; ++o) {
      double sum = bias.present() ? bias.as<Real>()[o] : 0.0;
      for (std::int64_t i = 0; i < w.in; ++i)
        sum += double{x.as<Element>()[row * x.c + i]} * double{at<Element>(w, 0, 0, i, o)};
      y.as<Element>()[row * y.c + o] = static_cast<Element>(reference::activate(sum, act));
    }
}

template <class Element>
void ReferenceBackend<Element>::matmul_backward_input(const View& dy, const Filter& w, const View& dx) {
  shapes::matmul("matmul_backward_input", type, dx, w, dy);
  for (std::int64_t row = 0; row < dy.rows(); ++row)
    for (std::int64_t i = 0; i < w.in; ++i) {
      double sum = 0;
      for (std::int64_t o = 0; o < w.out; ++o)
        sum += double{dy.as<Element>()[row * dy.c + o]} * double{at<Element>(w, 0, 0, i, o)};
      dx.as<Element>()[row * dx.c + i] = static_cast<Element>(sum);
    }
}

template <class Element>
void ReferenceBackend<Element>::matmul_backward_filter(const View& x, const View& dy, const Filter& dw) {
  shapes::matmul("matmul_backward_filter", gradients, x, dw, dy);
  for (std::int64_t i = 0; i < dw.in; ++i)
    for (std::int64_t o = 0; o < dw.out; ++o) {
      double sum = 0;
      for (std::int64_t row = 0; row < x.rows(); ++row)
        sum += double{x.as<Element>()[row * x.c + i]} * double{dy.as<Element>()[row * dy.c + o]};
      at<Real>(dw, 0, 0, i, o) = static_cast<Real>(sum);
    }
}

template <class Element>
void ReferenceBackend<Element>::bias_backward(const View& dy, const View& dbias) {
  shapes::vector("bias_backward", real_type, dbias, dy.c);
  for (std::int64_t c = 0; c < dy.c; ++c) {
    double sum = 0;
    for (std::int64_t row = 0; row < dy.rows(); ++row) sum += double{dy.as<Element>()[row * dy.c + c]};
    dbias.as<Real>()[c] = static_cast<Real>(sum);
  }
}

template class ReferenceBackend<float>;
template class ReferenceBackend<double>;
template class ReferenceBackend<Half>;
template class ReferenceBackend<Bfloat16>;

}  // namespace danas
