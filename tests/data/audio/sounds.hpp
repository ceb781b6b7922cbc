// Sounds and WAV files for tests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../support.hpp"
#include "data/audio/wav.hpp"

namespace danas::test {

/// The number in so many bytes, little-endian.
std::string little(std::uint64_t number, int bytes);

/// A chunk of a RIFF file, padded to an even length.
std::string chunk(const std::string& name, const std::string& content);

/// The content of a format chunk: code 1 is PCM, 3 float.
std::string wav_format(int code, int channels, int bits, int rate = 48000);
/// The same as WAVE_FORMAT_EXTENSIBLE.
std::string wav_extensible(int code, int channels, int bits, int rate = 48000);

/// The chunks as a file.
std::string riff(const std::string& chunks);
/// A file of a format and the bytes of its samples.
std::string wav(const std::string& format, const std::string& samples);

/// A file of 16 bits and one channel; samples within [-1, 1).
std::string pcm16(const std::vector<double>& samples, int rate);
/// A sine of that amplitude.
std::vector<double> tone(double hertz, double amplitude, double seconds, int rate);

/// Decoded from memory that ends where the file does.
Sound decode(const std::string& file);

/// A sweep of frequencies in cycles a second, linear in time, at a time of `seconds`: sin 2π(from · t + (to - from) · t²
/// / 2T).
double sweep(double seconds, double duration, double from, double to);
/// Rises within the first tenth of the duration and falls within the last, smoothly.
double envelope(double seconds, double duration);

}  // namespace danas::test
