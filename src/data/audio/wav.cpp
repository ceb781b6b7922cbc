#include "data/audio/wav.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>

#include "base/error.hpp"
#include "base/file.hpp"

namespace danas {

namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in the file");

using Bytes = std::span<const std::byte>;

constexpr std::size_t most_file_bytes = std::size_t{1} << 30;
constexpr std::uint64_t highest_rate = 1'000'000;
constexpr double largest_sample = 0x1p32;  // integers stored as floats too; its power is still a float

template <class Number>
Number load(const std::byte* at) {
  Number number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

template <class Number>
Number load(Bytes bytes, std::size_t at) {
  return load<Number>(bytes.subspan(at, sizeof(Number)).data());
}

bool begins(Bytes bytes, std::string_view text, std::size_t at = 0) {
  return bytes.size() >= at + text.size() && std::memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

struct Chunks {
  std::optional<Bytes> format, samples;
};

// Whether the writer could not come back to say how many samples it wrote.
bool is_left_open(std::uint32_t length, Bytes file) {
  constexpr std::uint32_t open = 0x7FFFF000;
  return length >= open || (length == 0 && load<std::uint32_t>(file, 4) != file.size() - 8);
}

Bytes samples_at(Bytes file, std::size_t begin, std::uint32_t length, std::optional<std::uint64_t> long_length,
                 const std::string& where) {
  const Bytes rest = file.subspan(begin);
  const bool in_ds64 = length == UINT32_MAX && long_length;
  const bool can_be_so = length > 0 && length <= rest.size();
  if (!in_ds64 && !can_be_so && is_left_open(length, file)) return rest;
  const std::uint64_t wanted = in_ds64 ? *long_length : length;
  if (wanted > rest.size())
    throw expected(where, "a whole recording of " + std::to_string(wanted) + " bytes of samples",
                   std::to_string(rest.size()) + ": a truncated file");
  return rest.first(wanted);
}

Chunks find_chunks(Bytes file, const std::string& where) {
  constexpr std::size_t header = 8;
  Chunks chunks;
  std::optional<std::uint64_t> long_length;
  for (std::size_t at = 12; at <= file.size() && file.size() - at >= header;) {
    if (chunks.format && chunks.samples) break;
    const auto length = load<std::uint32_t>(file, at + 4);
    const std::size_t begin = at + header;
    if (begins(file, "data", at)) {
      chunks.samples = samples_at(file, begin, length, long_length, where);
      at = begin + chunks.samples->size() + chunks.samples->size() % 2;
      continue;
    }
    if (length > file.size() - begin) break;
    const Bytes chunk = file.subspan(begin, length);
    if (begins(file, "fmt ", at)) chunks.format = chunk;
    if (begins(file, "ds64", at) && length >= 16) long_length = load<std::uint64_t>(chunk, 8);
    at = begin + length + length % 2;  // data of odd length are followed by a byte
  }
  return chunks;
}

// The format of WAVE_FORMAT_EXTENSIBLE is the beginning of a GUID, whose rest is the same for all of Microsoft's.
std::uint16_t extended_code(Bytes chunk, const std::string& where) {
  constexpr std::string_view rest("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
  if (chunk.size() < 40)
    throw expected(where, "a format of at least 40 bytes (WAVE_FORMAT_EXTENSIBLE)", std::to_string(chunk.size()));
  if (!begins(chunk, rest, 26)) throw expected(where, "PCM or float samples", "a format that another program defined");
  return load<std::uint16_t>(chunk, 24);
}

WavFormat read_format(Bytes chunk, const std::string& where) {
  constexpr std::uint16_t pcm = 1, real = 3, extensible = 0xFFFE;
  if (chunk.size() < 16) throw expected(where, "a format of at least 16 bytes", std::to_string(chunk.size()));
  auto code = load<std::uint16_t>(chunk, 0);
  if (code == extensible) code = extended_code(chunk, where);
  const auto bits = load<std::uint16_t>(chunk, 14), block = load<std::uint16_t>(chunk, 12);
  const WavFormat format{code == real, load<std::uint16_t>(chunk, 2), load<std::uint32_t>(chunk, 4), bits / 8u};
  if (code != pcm && code != real)
    throw expected(where, "PCM or float samples", "format " + std::to_string(code) + ", compressed ones for example");
  const bool known = format.real ? bits == 32 || bits == 64 : bits == 8 || bits == 16 || bits == 24 || bits == 32;
  if (!known)
    throw expected(where, format.real ? "floats of 32 or 64 bits" : "PCM of 8, 16, 24 or 32 bits",
                   std::to_string(bits) + " bits");
  if (format.channels == 0) throw expected(where, "at least one channel", "0");
  if (block != format.channels * format.bytes)
    throw expected(where,
                   "blocks of " + std::to_string(format.channels * format.bytes) + " bytes for " +
                       std::to_string(format.channels) + " channels of " + std::to_string(bits) + " bits",
                   std::to_string(block));
  if (format.rate == 0 || format.rate > highest_rate)
    throw expected(where, "a sample rate of 1 to " + std::to_string(highest_rate) + " Hz", std::to_string(format.rate));
  return format;
}

double sample_at(const std::byte* at, const WavFormat& format) {
  if (format.real) return format.bytes == 4 ? double{load<float>(at)} : load<double>(at);
  switch (format.bytes) {
    case 1: return (std::to_integer<int>(*at) - 128) / 0x1p7;  // the only unsigned one
    case 2: return load<std::int16_t>(at) / 0x1p15;
    case 3: {
      const std::uint32_t low = load<std::uint16_t>(at), high = std::to_integer<std::uint32_t>(at[2]);
      return static_cast<std::int32_t>(high << 24 | low << 8) / 0x1p31;
    }
    default: return load<std::int32_t>(at) / 0x1p31;
  }
}

std::vector<float> mean_of_channels(Bytes bytes, const WavFormat& format, const std::string& where) {
  std::vector<float> samples(bytes.size() / format.block());
  const std::byte* at = bytes.data();
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double sum = 0;
    for (std::uint32_t channel = 0; channel < format.channels; ++channel, at += format.bytes) {
      const double sample = sample_at(at, format);
      if (!(std::abs(sample) <= largest_sample))  // NaN too
        throw expected(where, "samples that are numbers of at most 2^32",
                       std::to_string(sample) + " in sample " + std::to_string(i));
      sum += sample;
    }
    samples[i] = static_cast<float>(sum / format.channels);
  }
  return samples;
}

struct Recording {
  WavFormat format;
  Bytes samples;  // at least a block
};

Recording find_recording(Bytes file, const std::string& where) {
  if (!(begins(file, "RIFF") || begins(file, "RF64")) || !begins(file, "WAVE", 8))
    throw expected(where, "a WAV recording", file.empty() ? "an empty file" : "a file that does not begin like one");
  const Chunks chunks = find_chunks(file, where);
  if (!chunks.format) throw expected(where, "a WAV recording with its format (chunk 'fmt ')", "none");
  if (!chunks.samples) throw expected(where, "a WAV recording with samples (chunk 'data')", "none");
  const WavFormat format = read_format(*chunks.format, where);
  if (chunks.samples->size() < format.block()) throw expected(where, "a recording", "one without samples");
  return {format, *chunks.samples};
}

}  // namespace

Sound decode_wav(Bytes file, const std::string& where) {
  const Recording recording = find_recording(file, where);
  if (const std::size_t count = recording.samples.size() / recording.format.block(); count > most_samples)
    throw expected(where, "at most " + std::to_string(most_samples) + " samples", std::to_string(count));
  return {static_cast<int>(recording.format.rate), mean_of_channels(recording.samples, recording.format, where)};
}

WavFile::WavFile(const std::filesystem::path& file) : where_(file.string()), file_(file) {
  const Recording recording = find_recording(file_.bytes(), where_);
  format_ = recording.format;
  samples_ = recording.samples;
}

std::vector<float> WavFile::read(std::size_t first, std::size_t count) const {
  return mean_of_channels(samples_.subspan(first * format_.block(), count * format_.block()), format_, where_);
}

Sound read_wav(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored) && !std::filesystem::is_regular_file(file, ignored))
    throw expected(file.string(), "a WAV recording", "something else");  // a pipe might never end
  try {
    const std::string content = read_file(file, most_file_bytes);
    return decode_wav(std::as_bytes(std::span(content)), file.string());
  } catch (const std::bad_alloc&) {
    throw Error(file.string(), "not enough memory to read the recording", Fault::failure);
  }
}

bool has_wav_extension(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return extension == ".wav" || extension == ".wave";
}

}  // namespace danas
