// Gradients by central differences, for the tests.
#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>

#include "tensor/tensor.hpp"

/// Σ weights ⊙ values.
inline double weighted_sum(const danas::View& values, const danas::View& weights) {
  double sum = 0;
  for (std::int64_t i = 0; i < values.size(); ++i) sum += get(values, i) * get(weights, i);
  return sum;
}

inline danas::View elements(const danas::Filter& dense) { return vector_view(dense.type, dense.data, dense.size()); }

/// `gradient` is that of loss() by every element of `parameter` (float64). `loss` must not change `gradient`.
template <class Loss>
void check_gradient(const std::string& name, const danas::View& parameter, const danas::View& gradient,
                    const Loss& loss) {
  constexpr double step = 2e-6, tolerance = 1e-6;
  BOOST_REQUIRE_EQUAL(parameter.size(), gradient.size());
  double squares = 0, worst = 0;
  for (std::int64_t i = 0; i < parameter.size(); ++i) {
    const double value = get(parameter, i);
    set(parameter, i, value + step);
    const double above = loss();
    set(parameter, i, value - step);
    const double below = loss();
    set(parameter, i, value);
    const double error = std::abs((above - below) / (2 * step) - get(gradient, i));
    worst = std::isnan(error) ? 1e300 : std::max(worst, error);
    squares += get(gradient, i) * get(gradient, i);
  }
  const double scale = std::max(std::sqrt(squares / static_cast<double>(parameter.size())), 0.01);
  BOOST_CHECK_MESSAGE(worst <= tolerance * scale, name << " is off by " << worst << " at an RMS of " << scale);
}
