// Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers:
// As Easy as 1, 2, 3", SC 2011). A stream is named by (seed, purpose, a, b); no stream depends on what
// another one drew, so work can be done in any order, on any number of threads, and resumed anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace danas {

class Random {
 public:
  /// `purpose` is a short constant such as "augment"; a and b are counters, e.g. step and index in batch.
  Random(std::uint64_t seed, std::string_view purpose, std::uint64_t a = 0, std::uint64_t b = 0);

  std::uint32_t bits();  ///< 32 uniform bits
  double uniform();      ///< in [0, 1), 53 bits
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  std::uint64_t below(std::uint64_t n);  ///< uniform in [0, n), unbiased; n > 0
  double normal();                       ///< mean 0, variance 1 (Box-Muller)

  /// Fisher-Yates over anything with size() and operator[].
  template <class Sequence>
  void shuffle(Sequence& items) {
    for (std::uint64_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  void refill();

  std::array<std::uint32_t, 2> key_{};
  std::array<std::uint32_t, 4> counter_{};
  std::array<std::uint32_t, 4> block_{};
  int left_ = 0;
};

/// The bare block function, for tests against the published vectors.
std::array<std::uint32_t, 4> philox4x32_10(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

}  // namespace danas
