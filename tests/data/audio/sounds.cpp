#include "sounds.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace danas::test {

std::string little(std::uint64_t number, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(number >> 8 * i & 0xFF);
  return text;
}

std::string chunk(const std::string& name, const std::string& content) {
  return name + little(content.size(), 4) + content + std::string(content.size() % 2, '\0');
}

std::string wav_format(int code, int channels, int bits, int rate) {
  const auto number = [](int value, int bytes) { return little(static_cast<std::uint64_t>(value), bytes); };
  const int block = channels * bits / 8;
  return number(code, 2) + number(channels, 2) + number(rate, 4) + number(rate * block, 4) + number(block, 2) +
         number(bits, 2);
}

std::string wav_extensible(int code, int channels, int bits, int rate) {
  const std::string rest("\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71", 14);
  return wav_format(0xFFFE, channels, bits, rate) + little(22, 2) + little(static_cast<std::uint64_t>(bits), 2) +
         little(0, 4) + little(static_cast<std::uint64_t>(code), 2) + rest;
}

std::string riff(const std::string& chunks) { return "RIFF" + little(chunks.size() + 4, 4) + "WAVE" + chunks; }

std::string wav(const std::string& format, const std::string& samples) {
  return riff(chunk("fmt ", format) + chunk("data", samples));
}

std::string pcm16(const std::vector<double>& samples, int rate) {
  std::string bytes;
  for (const double sample : samples)
    bytes += little(static_cast<std::uint64_t>(static_cast<std::int64_t>(std::lround(sample * 0x1p15))), 2);
  return wav(wav_format(1, 1, 16, rate), bytes);
}

std::vector<double> tone(double hertz, double amplitude, double seconds, int rate) {
  std::vector<double> samples(static_cast<std::size_t>(std::lround(seconds * rate)));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = amplitude * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate);
  return samples;
}

Sound decode(const std::string& file) {
  const std::vector<char> exact(file.begin(), file.end());
  return decode_wav(std::as_bytes(std::span(exact)), "x.wav");
}

double sweep(double seconds, double duration, double from, double to) {
  return std::sin(2 * std::numbers::pi * seconds * (from + (to - from) * seconds / (2 * duration)));
}

double envelope(double seconds, double duration) {
  const double ramp = duration / 10, left = std::min(seconds, duration - seconds);
  if (left >= ramp) return 1;
  if (left <= 0) return 0;
  const double x = left / ramp;  // a polynomial whose first four derivatives vanish at both ends
  return x * x * x * x * x * (126 + x * (-420 + x * (540 + x * (-315 + x * 70))));
}

}  // namespace danas::test
