// The transpose of a piece of a matrix, by tiles of 4 × 4 that every machine's vectors hold.
#pragma once

#include <cstdint>

namespace danas::cpu {

/// out(column, row) = in(row, column), of `rows` rows that are `in_step` floats apart; those of out are `out_step` apart.
inline void transpose(const float* in, std::int64_t in_step, std::int64_t rows, std::int64_t columns, float* out,
                      std::int64_t out_step) {
  typedef float Four __attribute__((vector_size(16)));
  typedef Four Unaligned __attribute__((aligned(4), may_alias));
  const auto load = [](const float* p) -> Four { return *reinterpret_cast<const Unaligned*>(p); };
  const auto store = [](float* p, Four v) { *reinterpret_cast<Unaligned*>(p) = v; };
  std::int64_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    const float* from = in + row * in_step;
    std::int64_t column = 0;
    for (; column + 4 <= columns; column += 4) {
      const Four a = load(from + column), b = load(from + in_step + column), c = load(from + 2 * in_step + column),
                 d = load(from + 3 * in_step + column);
      const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      const Four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      float* to = out + column * out_step + row;
      store(to, __builtin_shufflevector(ab, cd, 0, 1, 4, 5));
      store(to + out_step, __builtin_shufflevector(ab, cd, 2, 3, 6, 7));
      store(to + 2 * out_step, __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5));
      store(to + 3 * out_step, __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7));
    }
    for (; column < columns; ++column)
      for (std::int64_t i = 0; i < 4; ++i) out[column * out_step + row + i] = from[i * in_step + column];
  }
  for (; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column) out[column * out_step + row] = in[row * in_step + column];
}

}  // namespace danas::cpu
