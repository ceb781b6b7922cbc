// WAV recordings: RIFF files of PCM or float samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/file.hpp"

namespace danas {

/// One channel. Integer samples become [-1, 1), float samples are as they are in the file.
struct Sound {
  int rate = 0;  ///< samples a second
  std::vector<float> samples;
};

/// More samples than this, of one channel, are refused: a hostile header must not exhaust the memory.
constexpr std::size_t most_samples = 100'000'000;

/// A file in memory; `where` names it in errors. PCM of 8, 16, 24 or 32 bits, floats of 32 or 64, plain, as
/// WAVE_FORMAT_EXTENSIBLE, or in an RF64 file; several channels become their mean. Chunks that are neither format nor
/// samples are passed over. The samples end where the file does if their length was left open, as by programs that
/// write to a pipe: 0xFFFFFFFF, 0x7FFFF000 or more than there is, or 0 where the length of the whole file is wrong too.
/// Throws Error for everything else: a truncated file, compressed samples, no samples at all, samples that are no
/// numbers. Silence is a sound.
Sound decode_wav(std::span<const std::byte> file, const std::string& where);

/// Throws Error naming the file where it cannot be read or is none of these.
Sound read_wav(const std::filesystem::path& file);

/// How the samples of a file are stored.
struct WavFormat {
  bool real = false;
  std::uint32_t channels = 0, rate = 0, bytes = 0;  ///< bytes of a sample of a channel

  std::size_t block() const { return std::size_t{channels} * bytes; }
};

/// A recording that is read in parts: hours of it need no memory. It must not be changed meanwhile. Immutable, thread-safe.
class WavFile {
 public:
  explicit WavFile(const std::filesystem::path& file);  ///< throws Error as read_wav

  int rate() const { return static_cast<int>(format_.rate); }
  std::size_t size() const { return samples_.size() / format_.block(); }
  /// So many samples, which there are. Throws Error naming the file where they are no numbers.
  std::vector<float> read(std::size_t first, std::size_t count) const;

 private:
  std::string where_;
  MappedFile file_;
  WavFormat format_;
  std::span<const std::byte> samples_;
};

/// Whether a file's name ends like a WAV file's (any case).
bool has_wav_extension(const std::filesystem::path& file);

}  // namespace danas
