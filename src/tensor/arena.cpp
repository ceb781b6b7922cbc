#include "tensor/arena.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"

namespace danas {

namespace {
constexpr std::size_t alignment = 64;
constexpr std::size_t smallest_block = std::size_t{1} << 20;
}  // namespace

Arena::Arena(Backend& backend) : backend_(backend) {}

Arena::~Arena() { release(); }

void Arena::release() {
  for (const Block& block : blocks_) backend_.release(block.memory);
  blocks_.clear();
  current_ = 0;
}

std::size_t Arena::used() const {
  std::size_t used = 0;
  for (const Block& each : blocks_) used += each.used;
  return used;
}

void Arena::reserve(std::size_t bytes) {
  if (used() > 0) throw expected("arena", "nothing taken", std::to_string(used()) + " bytes", Fault::failure);
  if (blocks_.size() != 1 || blocks_.front().size < bytes) {
    release();
    blocks_.reserve(1);
    blocks_.push_back({static_cast<std::byte*>(backend_.allocate(bytes)), bytes, 0});
  }
  reserved_ = bytes;
}

std::byte* Arena::take_bytes(std::size_t bytes) {
  // Empty views get an address too: an absent view means something else.
  bytes = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  if (reserved_ && used() + bytes > *reserved_)
    throw expected("arena", "a step within the " + std::to_string(*reserved_) + " bytes reserved for it",
                   std::to_string(used() + bytes), Fault::failure);
  std::size_t candidate = current_;
  while (candidate < blocks_.size() && blocks_[candidate].size - blocks_[candidate].used < bytes) ++candidate;
  if (candidate == blocks_.size()) {
    std::size_t held = 0;
    for (const Block& block : blocks_) held += block.size;
    const std::size_t size = std::max({bytes, held / 2, smallest_block});
    blocks_.reserve(blocks_.size() + 1);
    blocks_.push_back({static_cast<std::byte*>(backend_.allocate(size)), size, 0});
  }
  current_ = candidate;
  Block& block = blocks_[current_];
  std::byte* memory = block.memory + block.used;
  block.used += bytes;
  peak_ = std::max(peak_, used());
  return memory;
}

View Arena::take(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
  View view{backend_.real_type(), nullptr, n, h, w, c};
  view.data = take_bytes(view.bytes());
  return view;
}

Filter Arena::take_filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out) {
  const Type type = backend_.real_type();
  return dense_filter(type, take_bytes(static_cast<std::size_t>(h * w * in * out) * bytes_of(type)), h, w, in, out);
}

Arena::Mark Arena::mark() const { return {current_, blocks_.empty() ? 0 : blocks_[current_].used}; }

void Arena::rewind(const Mark& mark) {
  if (blocks_.empty()) return;
  for (std::size_t later = mark.block + 1; later < blocks_.size(); ++later) blocks_[later].used = 0;
  blocks_[mark.block].used = mark.used;
  current_ = mark.block;
}

void Arena::reset() {
  current_ = 0;
  if (blocks_.size() > 1) {
    release();
    blocks_.push_back({static_cast<std::byte*>(backend_.allocate(peak_)), peak_, 0});
  }
  for (Block& block : blocks_) block.used = 0;
}

std::size_t Arena::peak_bytes() const { return peak_; }

}  // namespace danas
