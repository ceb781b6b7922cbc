// Sample rates, changed by a polyphase filter: a sinc under a Kaiser window.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace danas {

/// From one rate to another, in Hz, both positive. The filter has linear phase and no delay: sample 0 stays at time 0,
/// and before and after the sound there is silence. Of half the lower rate (the highest frequency that both have) it
/// passes the first 91.36 % within 0.00001 dB; from there it falls as soxr's quality HQ does, and what lies above half
/// the lower rate is at least 125 dB lower, aliases and images alike. Every ratio: where it takes more than 2,048 phases
/// for a sample of the lower rate, neighbors in a table of so many are mixed, which the figures include. Immutable,
/// thread-safe.
class Resampler {
 public:
  Resampler(int from, int to);

  /// Samples that so many become: ⌈samples · to / from⌉.
  std::size_t length(std::size_t samples) const;
  /// Throws Error where the result has more than `most_samples`.
  std::vector<float> operator()(std::span<const float> sound) const;

 private:
  double filtered(std::span<const float> sound, std::int64_t center, std::int64_t row) const;

  std::int64_t up_, down_;    // to / from, in lowest terms
  std::int64_t reach_;        // taps on each side of a sample
  std::int64_t rows_;         // phases in the table, and one more where they are mixed
  std::vector<double> taps_;  // rows of 2 · reach_
};

}  // namespace danas
