#include "base/hash.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace danas {

namespace {

constexpr std::size_t piece = std::size_t{1} << 17;

[[noreturn]] void fail(const std::string& file) {
  throw Error(file, std::string("cannot read: ") + std::strerror(errno));
}

std::size_t read_piece(const Descriptor& from, char* to, const std::string& file) {
  for (;;) {
    const ssize_t count = ::read(from.get(), to, piece);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) fail(file);
  }
}

}  // namespace

std::uint64_t hash_bytes(const void* data, std::size_t bytes) { return XXH3_64bits(data, bytes); }

std::uint64_t hash_file(const std::string& file) {
  // Without waiting: a pipe without a writer would keep the process for ever.
  const Descriptor from(file.c_str(), O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (from.get() < 0 || ::fstat(from.get(), &status) != 0) fail(file);
  if (!S_ISREG(status.st_mode)) throw expected(file, "a file", "something else");
  thread_local const std::unique_ptr<char[]> buffer(new char[piece]);
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  while (const std::size_t count = read_piece(from, buffer.get(), file))
    XXH3_64bits_update(&state, buffer.get(), count);
  return XXH3_64bits_digest(&state);
}

void Fingerprint::add(std::string_view text) {
  add(std::uint64_t{text.size()});
  hash_ = fnv1a(text, hash_);
}

void Fingerprint::add(std::uint64_t number) {
  hash_ = fnv1a({reinterpret_cast<const char*>(&number), sizeof number}, hash_);
}

std::string hash_text(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

}  // namespace danas
