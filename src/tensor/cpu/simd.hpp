// One vector of floats of the instruction set that this unit is compiled for (DANAS_SIMD names it, DANAS_LANES says
// what is expected). Everything is local to the unit: no inline code compiled for a newer machine may be shared.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(DANAS_NEON)
#include <arm_neon.h>
#endif

#include "tensor/cpu/kernels.hpp"

#define DANAS_ALWAYS_INLINE __attribute__((always_inline))
#define DANAS_INLINE inline DANAS_ALWAYS_INLINE
// Hides where a vector came from: it stays in a register, and a loop that measures the machine stays a loop.
#if defined(__AVX512F__)
#define DANAS_KEEP(v) asm("" : "+v"(v))
#elif defined(__x86_64__)
#define DANAS_KEEP(v) asm("" : "+x"(v))
#elif defined(__aarch64__)
#define DANAS_KEEP(v) asm("" : "+w"(v))
#else
#define DANAS_KEEP(v) asm("" : "+m"(v))
#endif

namespace danas::cpu::DANAS_SIMD {
namespace {

typedef double Pair __attribute__((may_alias, aligned(4)));  // two floats, to be loaded at once

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

using V = __m512;
constexpr int lanes = 16, registers = 32;  ///< floats of a vector, vectors that the machine holds at once
DANAS_INLINE V load(const float* p) { return _mm512_loadu_ps(p); }
DANAS_INLINE void store(float* p, V v) { _mm512_storeu_ps(p, v); }
DANAS_INLINE V all(float x) { return _mm512_set1_ps(x); }
DANAS_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
// Both return the second operand where that is not a number, so that it is not hidden.
DANAS_INLINE V max(V a, V b) { return _mm512_max_ps(a, b); }
DANAS_INLINE V min(V a, V b) { return _mm512_min_ps(a, b); }
DANAS_INLINE V square_root(V v) { return _mm512_sqrt_ps(v); }
DANAS_INLINE V where_positive(V y, V v) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_GT_OQ), v);
}
DANAS_INLINE V where_below(V y, V limit, V v) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(y, limit, _CMP_LT_OQ), v);
}
DANAS_INLINE V where_open(V y, V v) {
  const __mmask16 positive = _mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_GT_OQ);
  return _mm512_maskz_mov_ps(_mm512_mask_cmp_ps_mask(positive, y, all(6.0f), _CMP_LT_OQ), v);
}
DANAS_INLINE V power_of_two(V whole) {
  const __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(whole), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
}

// Two floats in turn; and the sums of the pairs of lanes, those of `a` in the first half and of `b` in the second.
DANAS_INLINE V all_pairs(const float* p) { return _mm512_castpd_ps(_mm512_set1_pd(*reinterpret_cast<const Pair*>(p))); }
DANAS_INLINE V fold_pairs(V a, V b) {
  const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  return _mm512_permutex2var_ps(a, even, b) + _mm512_permutex2var_ps(a, even + _mm512_set1_epi32(1), b);
}

/// The first `count` < lanes elements.
struct Part {
  explicit DANAS_INLINE Part(Index count) : mask(static_cast<__mmask16>((1u << count) - 1u)) {}
  DANAS_INLINE V load(const float* p) const { return _mm512_maskz_loadu_ps(mask, p); }
  DANAS_INLINE void store(float* p, V v) const { _mm512_mask_storeu_ps(p, mask, v); }
  __mmask16 mask;
};

#elif defined(__AVX2__) && defined(__FMA__)

using V = __m256;
constexpr int lanes = 8, registers = 16;
DANAS_INLINE V load(const float* p) { return _mm256_loadu_ps(p); }
DANAS_INLINE void store(float* p, V v) { _mm256_storeu_ps(p, v); }
DANAS_INLINE V all(float x) { return _mm256_set1_ps(x); }
DANAS_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
DANAS_INLINE V max(V a, V b) { return _mm256_max_ps(a, b); }
DANAS_INLINE V min(V a, V b) { return _mm256_min_ps(a, b); }
DANAS_INLINE V square_root(V v) { return _mm256_sqrt_ps(v); }
DANAS_INLINE V where_positive(V y, V v) { return _mm256_and_ps(_mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_GT_OQ), v); }
DANAS_INLINE V where_below(V y, V limit, V v) { return _mm256_and_ps(_mm256_cmp_ps(y, limit, _CMP_LT_OQ), v); }
// Positive floats are in the order of their bits. Moved so that the least of them is the least integer, with overflow, all
// that are not in between lie above the limit.
DANAS_INLINE V where_open(V y, V v) {
  constexpr std::int32_t move = 0x7FFFFFFF, six = 0x40C00000, limit = six - 2 - move;
  const __m256i moved = _mm256_add_epi32(_mm256_castps_si256(y), _mm256_set1_epi32(move));
  return _mm256_and_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(limit), moved)), v);
}
DANAS_INLINE V power_of_two(V whole) {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(whole), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}

DANAS_INLINE V all_pairs(const float* p) { return _mm256_castpd_ps(_mm256_set1_pd(*reinterpret_cast<const Pair*>(p))); }
DANAS_INLINE V fold_pairs(V a, V b) {
  const __m256d halves = _mm256_castps_pd(_mm256_hadd_ps(a, b));
  return _mm256_castpd_ps(_mm256_permute4x64_pd(halves, 0xD8));
}

struct Part {
  explicit DANAS_INLINE Part(Index count)
      : mask(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)),
                                _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))) {}
  DANAS_INLINE V load(const float* p) const { return _mm256_maskload_ps(p, mask); }
  DANAS_INLINE void store(float* p, V v) const { _mm256_maskstore_ps(p, mask, v); }
  __m256i mask;
};

#elif defined(DANAS_NEON)

using V = float32x4_t;
constexpr int lanes = 4, registers = 32;
DANAS_INLINE V load(const float* p) { return vld1q_f32(p); }
DANAS_INLINE void store(float* p, V v) { vst1q_f32(p, v); }
DANAS_INLINE V all(float x) { return vdupq_n_f32(x); }
DANAS_INLINE V fma(V a, V b, V c) { return vfmaq_f32(c, a, b); }
DANAS_INLINE V max(V a, V b) { return vmaxq_f32(a, b); }
DANAS_INLINE V min(V a, V b) { return vminq_f32(a, b); }
DANAS_INLINE V square_root(V v) { return vsqrtq_f32(v); }
DANAS_INLINE V where(uint32x4_t mask, V v) { return vreinterpretq_f32_u32(vandq_u32(mask, vreinterpretq_u32_f32(v))); }
DANAS_INLINE V where_positive(V y, V v) { return where(vcgtzq_f32(y), v); }
DANAS_INLINE V where_below(V y, V limit, V v) { return where(vcltq_f32(y, limit), v); }
DANAS_INLINE V power_of_two(V whole) {
  return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(whole), vdupq_n_s32(127)), 23));
}

DANAS_INLINE V all_pairs(const float* p) {
  return vreinterpretq_f32_f64(vdupq_n_f64(*reinterpret_cast<const Pair*>(p)));
}
DANAS_INLINE V fold_pairs(V a, V b) { return vpaddq_f32(a, b); }

#else

typedef float V __attribute__((vector_size(16)));
typedef std::int32_t Integers __attribute__((vector_size(16)));
typedef V Unaligned __attribute__((aligned(4), may_alias));
constexpr int lanes = 4, registers = 16;
DANAS_INLINE V load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
DANAS_INLINE void store(float* p, V v) { *reinterpret_cast<Unaligned*>(p) = v; }
DANAS_INLINE V all(float x) { return V{x, x, x, x}; }
DANAS_INLINE V fma(V a, V b, V c) { return a * b + c; }
DANAS_INLINE V max(V a, V b) { return a > b ? a : b; }
DANAS_INLINE V min(V a, V b) { return a < b ? a : b; }
DANAS_INLINE V square_root(V v) {
  return V{__builtin_sqrtf(v[0]), __builtin_sqrtf(v[1]), __builtin_sqrtf(v[2]), __builtin_sqrtf(v[3])};
}
DANAS_INLINE V where_positive(V y, V v) { return y > V{} ? v : V{}; }
DANAS_INLINE V where_below(V y, V limit, V v) { return y < limit ? v : V{}; }
DANAS_INLINE V power_of_two(V whole) {
  return reinterpret_cast<V>((__builtin_convertvector(whole, Integers) + 127) << 23);
}

DANAS_INLINE V all_pairs(const float* p) { return V{p[0], p[1], p[0], p[1]}; }
DANAS_INLINE V fold_pairs(V a, V b) { return V{a[0] + a[1], a[2] + a[3], b[0] + b[1], b[2] + b[3]}; }

#endif

#if DANAS_LANES == 4  // NEON and portable

struct Part {
  explicit DANAS_INLINE Part(Index elements) : count(elements) {}
  DANAS_INLINE V load(const float* p) const { return V{p[0], count > 1 ? p[1] : 0.0f, count > 2 ? p[2] : 0.0f, 0.0f}; }
  DANAS_INLINE void store(float* p, V v) const {
    p[0] = v[0];
    if (count > 1) p[1] = v[1];
    if (count > 2) p[2] = v[2];
  }
  Index count;
};

#endif

static_assert(lanes == DANAS_LANES, "the compiler's flags do not give the instruction set they are meant to");

#if !defined(__AVX2__)
DANAS_INLINE V where_open(V y, V v) { return where_positive(y, where_below(y, all(6.0f), v)); }
#endif

struct Whole {
  DANAS_INLINE V load(const float* p) const { return DANAS_SIMD::load(p); }
  DANAS_INLINE void store(float* p, V v) const { DANAS_SIMD::store(p, v); }
};

/// body(memory, i) for every vector of n elements, `memory` loading and storing a whole or partial vector.
template <class Body>
DANAS_INLINE void for_vectors(Index n, Body&& body) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) body(Whole{}, i);
  if (i < n) body(Part{n - i}, i);
}

/// eˣ within 2 units in the last place (Cephes' polynomial).
DANAS_INLINE V exponential(V x) {
  x = min(all(88.0f), max(all(-87.0f), x));
  const V whole = (x * all(1.44269504f) + all(12582912.0f)) - all(12582912.0f);  // rounds to the nearest
  V r = fma(whole, all(-0.693359375f), x);
  r = fma(whole, all(2.12194440e-4f), r);
  V sum = all(1.9875691500e-4f);
  sum = fma(sum, r, all(1.3981999507e-3f));
  sum = fma(sum, r, all(8.3334519073e-3f));
  sum = fma(sum, r, all(4.1665795894e-2f));
  sum = fma(sum, r, all(1.6666665459e-1f));
  sum = fma(sum, r, all(5.0000001201e-1f));
  sum = fma(sum, r * r, r) + all(1.0f);
  return sum * power_of_two(whole);
}

template <Activation act>
DANAS_INLINE V activate(V v) {
  if constexpr (act == Activation::relu) return max(V{}, v);
  if constexpr (act == Activation::relu6) return min(all(6.0f), max(V{}, v));
  if constexpr (act == Activation::sigmoid) return all(1.0f) / (all(1.0f) + exponential(V{} - v));
  return v;
}

DANAS_INLINE V activate(Activation act, V v) {
  switch (act) {
    case Activation::relu: return activate<Activation::relu>(v);
    case Activation::relu6: return activate<Activation::relu6>(v);
    case Activation::sigmoid: return activate<Activation::sigmoid>(v);
    default: return v;
  }
}

/// The gradient before the activation, from its output y.
template <Activation act, class Memory>
DANAS_INLINE V masked(const Memory& memory, V dy, const float* y) {
  if constexpr (act == Activation::none) return dy;
  const V output = memory.load(y);
  if constexpr (act == Activation::relu) return where_positive(output, dy);
  if constexpr (act == Activation::relu6) return where_open(output, dy);
  return dy * output * (all(1.0f) - output);
}

/// Calls body with a compile-time activation: body.template operator()<act>().
template <class Body>
DANAS_INLINE void with_activation(Activation act, Body&& body) {
  switch (act) {
    case Activation::none: return body.template operator()<Activation::none>();
    case Activation::relu: return body.template operator()<Activation::relu>();
    case Activation::relu6: return body.template operator()<Activation::relu6>();
    case Activation::sigmoid: return body.template operator()<Activation::sigmoid>();
  }
}

}  // namespace
}  // namespace danas::cpu::DANAS_SIMD
