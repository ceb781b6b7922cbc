#include "data/audio/mixing.hpp"

#include "base/error.hpp"
#include "base/random.hpp"

namespace danas {

NoisePlace draw_noise(std::uint64_t seed, std::uint64_t sound, std::size_t recordings) {
  Random random(seed, "noise", sound);
  const auto recording = static_cast<std::size_t>(random.below(recordings));
  return {recording, random.uniform()};
}

void mix_noise(std::span<float> sound, std::span<const float> noise, double begin, bool anomalous,
               const Mixing& mixing) {
  if (noise.empty()) throw expected("noise", "a recording of noise", "one without samples");
  const auto first = static_cast<std::size_t>(begin * static_cast<double>(noise.size()));
  const bool constant = anomalous && mixing.constant_for_anomalous;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double added = noise[(first + (constant ? 0 : i)) % noise.size()];
    sound[i] = static_cast<float>(mixing.sound_gain * double{sound[i]} + mixing.noise_gain * added);
  }
}

}  // namespace danas
