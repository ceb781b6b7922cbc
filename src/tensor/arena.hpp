// Step arena: memory of one training step or evaluation, given back all at once.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tensor/backend.hpp"

namespace danas {

/// Bump allocator over the backend's memory, 64-byte aligned. Where memory was reserved, a step that takes the same finds
/// it in the same places; else the arena grows, and after the first steps a reset leaves one block large enough for
/// everything: no allocation in a step. Views stay valid until they are rewound or reset.
/// It is taken from both ends, each a stack of its own: what must outlive the stack at one end lies at the other.
class Arena {
 public:
  enum class End : std::uint8_t { low, high };

  explicit Arena(Backend& backend);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  Backend& backend() const { return backend_; }

  /// From now on so many bytes, in one block, ahead of the first step: taking more is an Error (Fault::failure). Nothing
  /// may be taken at the time.
  void reserve(std::size_t bytes);

  /// Of the backend's activation type, not cleared; vectors are of its weight type.
  View take(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c, End end = End::low);
  View take_like(const View& shape, End end = End::low) { return take(shape.n, shape.h, shape.w, shape.c, end); }
  View take_vector(std::int64_t channels);
  Filter take_filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out);

  /// Everything taken from an end after its mark() is given back by rewind(mark). Marks of an end are in the order in which
  /// they can be made.
  struct Mark {
    std::size_t block = 0, used = 0;
    auto operator<=>(const Mark&) const = default;
  };
  Mark mark(End end = End::low) const;
  void rewind(const Mark& mark, End end = End::low);
  void reset();

  std::size_t peak_bytes() const;  ///< most bytes ever taken at a time

 private:
  struct Block {
    std::byte* memory;
    std::size_t size;
    std::array<std::size_t, 2> used{};  ///< by end

    std::size_t free() const { return size - used[0] - used[1]; }
  };
  std::byte* take_bytes(std::size_t bytes, End end = End::low);
  std::size_t used() const;
  void release();

  Backend& backend_;
  std::vector<Block> blocks_;
  std::array<std::size_t, 2> current_{};  ///< the block that an end takes from
  std::size_t peak_ = 0;
  std::optional<std::size_t> reserved_;
};

/// Scratch memory for the length of a scope, at the low end.
class ArenaScope {
 public:
  explicit ArenaScope(Arena& arena) : arena_(arena), mark_(arena.mark()) {}
  ~ArenaScope() { arena_.rewind(mark_); }
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;

 private:
  Arena& arena_;
  Arena::Mark mark_;
};

}  // namespace danas
