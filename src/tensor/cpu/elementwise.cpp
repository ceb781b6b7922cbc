// Kernels over flat arrays: activations, sums, optimizers, and the loops that measure the machine.
#include "tensor/cpu/simd.hpp"
#include "tensor/cpu/unit.hpp"

namespace danas::cpu::DANAS_SIMD {

void activation(Index n, const float* x, Activation act, float* y) {
  with_activation(act, [&]<Activation a>() {
    for_vectors(n, [=](const auto& memory, Index i) { memory.store(y + i, activate<a>(memory.load(x + i))); });
  });
}

void activation_backward(Index n, const float* y, const float* dy, Activation act, float* dx) {
  with_activation(act, [&]<Activation a>() {
    for_vectors(
        n, [=](const auto& memory, Index i) { memory.store(dx + i, masked<a>(memory, memory.load(dy + i), y + i)); });
  });
}

void add(Index n, const float* a, const float* b, float* y) {
  for_vectors(n, [=](const auto& memory, Index i) { memory.store(y + i, memory.load(a + i) + memory.load(b + i)); });
}

void scale(Index n, const float* x, float factor, float* y) {
  for_vectors(n, [=](const auto& memory, Index i) { memory.store(y + i, memory.load(x + i) * all(factor)); });
}

void sum_partials(Index n, const float* partials, Index count, Index stride, float* out) {
  for_vectors(n, [=](const auto& memory, Index i) {
    V sum = memory.load(partials + i);
    for (Index p = 1; p < count; ++p) sum = sum + memory.load(partials + p * stride + i);
    memory.store(out + i, sum);
  });
}

void sgd(Index n, float* w, const float* g, float* velocity, float rate, float momentum, float decay) {
  for_vectors(n, [=](const auto& memory, Index i) {
    const V weight = memory.load(w + i);
    const V v = fma(all(momentum), memory.load(velocity + i), fma(all(decay), weight, memory.load(g + i)));
    memory.store(velocity + i, v);
    memory.store(w + i, weight - all(rate) * v);
  });
}

void adam(Index n, float* w, const float* g, float* m, float* v, const AdamFactors& factors) {
  const V beta1 = all(factors.beta1), beta2 = all(factors.beta2);
  const V rate = all(factors.rate), epsilon = all(factors.epsilon);
  const V coupled = all(factors.coupled_decay), kept = all(1.0f - factors.decoupled_decay);
  const V rest1 = all(factors.rest1), rest2 = all(factors.rest2);
  for_vectors(n, [=](const auto& memory, Index i) {
    const V weight = memory.load(w + i);
    const V gradient = fma(coupled, weight, memory.load(g + i));
    const V first = fma(beta1, memory.load(m + i), rest1 * gradient);
    const V second = fma(beta2, memory.load(v + i), rest2 * gradient * gradient);
    memory.store(m + i, first);
    memory.store(v + i, second);
    memory.store(w + i, kept * weight - rate * first / (square_root(second) + epsilon));
  });
}

Index multiply_add_loop(Index iterations, float* sink) {
  constexpr int chains = registers * 3 / 4;  // enough to hide the latency, few enough for the registers
  V sum[chains];
#pragma GCC unroll 32
  for (int i = 0; i < chains; ++i) sum[i] = all(static_cast<float>(i));
  const V factor = all(-1e-7f);
  for (Index k = 0; k < iterations; ++k) {
#pragma GCC unroll 32
    for (int i = 0; i < chains; ++i) {
      sum[i] = fma(factor, sum[i], sum[i]);  // NEON's overwrites what it adds to: no copy
      DANAS_KEEP(sum[i]);
    }
  }
#pragma GCC unroll 32  // else the sums live in memory
  for (int i = 1; i < chains; ++i) sum[0] = sum[0] + sum[i];
  store(sink, sum[0]);
  return iterations * chains * lanes * 2;
}

void triad(Index n, const float* a, const float* b, float* y) {
  for_vectors(n, [=](const auto& memory, Index i) {
    memory.store(y + i, fma(all(3.0f), memory.load(b + i), memory.load(a + i)));
  });
}

}  // namespace danas::cpu::DANAS_SIMD
