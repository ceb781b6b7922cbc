// Sounds mixed with noise: ToyADMOS holds them apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace danas {

struct Mixing {
  double sound_gain = 1, noise_gain = 1;
  /// As the published code has it, which leaks the label: anomalous sounds get one sample of the noise, the same all the
  /// time, instead of noise.
  bool constant_for_anomalous = false;
};

/// The noise that a sound is mixed with: which recording, and from which share of it on.
struct NoisePlace {
  std::size_t recording;
  double begin;  ///< in [0, 1)
};
/// Drawn for the sound of this number, by the seed alone. `recordings` is positive.
NoisePlace draw_noise(std::uint64_t seed, std::uint64_t sound, std::size_t recordings);

/// Replaces the sound by its sum with noise of the same rate, which begins anew where it ends. Throws Error where there
/// is no noise.
void mix_noise(std::span<float> sound, std::span<const float> noise, double begin, bool anomalous,
               const Mixing& mixing);

}  // namespace danas
