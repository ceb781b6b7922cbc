#include "tensor/arena.hpp"

#include <algorithm>
#include <string>

#include "base/error.hpp"

namespace danas {

namespace {
constexpr std::size_t alignment = 64;
constexpr std::size_t smallest_block = std::size_t{1} << 20;

std::size_t whole_lines(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }
constexpr std::size_t index_of(Arena::End end) { return static_cast<std::size_t>(end); }
}  // namespace

Arena::Arena(Backend& backend) : backend_(backend) {}

Arena::~Arena() { release(); }

void Arena::release() {
  for (const Block& block : blocks_) backend_.release(block.memory);
  blocks_.clear();
  current_ = {};
}

std::size_t Arena::used() const {
  std::size_t used = 0;
  for (const Block& each : blocks_) used += each.used[0] + each.used[1];
  return used;
}

void Arena::reserve(std::size_t bytes) {
  if (used() > 0) throw expected("arena", "nothing taken", std::to_string(used()) + " bytes", Fault::failure);
  bytes = whole_lines(bytes);
  if (blocks_.size() != 1 || blocks_.front().size < bytes) {
    release();
    blocks_.reserve(1);
    blocks_.push_back({static_cast<std::byte*>(backend_.allocate(bytes)), bytes});
  }
  reserved_ = bytes;
}

std::byte* Arena::take_bytes(std::size_t bytes, End end) {
  // Empty views get an address too: an absent view means something else.
  bytes = whole_lines(std::max<std::size_t>(bytes, 1));
  if (reserved_ && used() + bytes > *reserved_)
    throw expected("arena", "a step within the " + std::to_string(*reserved_) + " bytes reserved for it",
                   std::to_string(used() + bytes), Fault::failure);
  std::size_t candidate = current_[index_of(end)];
  while (candidate < blocks_.size() && blocks_[candidate].free() < bytes) ++candidate;
  if (candidate == blocks_.size()) {
    std::size_t held = 0;
    for (const Block& block : blocks_) held += block.size;
    const std::size_t size = whole_lines(std::max({bytes, held / 2, smallest_block}));
    blocks_.reserve(blocks_.size() + 1);
    blocks_.push_back({static_cast<std::byte*>(backend_.allocate(size)), size});
  }
  current_[index_of(end)] = candidate;
  Block& block = blocks_[candidate];
  std::size_t& taken = block.used[index_of(end)];
  std::byte* const memory = end == End::low ? block.memory + taken : block.memory + block.size - taken - bytes;
  taken += bytes;
  peak_ = std::max(peak_, used());
  return memory;
}

View Arena::take(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c, End end) {
  View view{backend_.activation_type(), nullptr, n, h, w, c};
  view.data = take_bytes(view.bytes(), end);
  return view;
}

View Arena::take_vector(std::int64_t channels) {
  const View view = vector_view(backend_.weight_type(), nullptr, channels);
  return view.with_data(take_bytes(view.bytes()));
}

Filter Arena::take_filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out) {
  const Type type = backend_.activation_type();
  return dense_filter(type, take_bytes(static_cast<std::size_t>(h * w * in * out) * bytes_of(type)), h, w, in, out);
}

Arena::Mark Arena::mark(End end) const {
  const std::size_t block = current_[index_of(end)];
  return {block, blocks_.empty() ? 0 : blocks_[block].used[index_of(end)]};
}

void Arena::rewind(const Mark& mark, End end) {
  if (blocks_.empty()) return;
  for (std::size_t later = mark.block + 1; later < blocks_.size(); ++later) blocks_[later].used[index_of(end)] = 0;
  blocks_[mark.block].used[index_of(end)] = mark.used;
  current_[index_of(end)] = mark.block;
}

void Arena::reset() {
  current_ = {};
  if (blocks_.size() > 1) {
    release();
    blocks_.push_back({static_cast<std::byte*>(backend_.allocate(peak_)), peak_});
  }
  for (Block& block : blocks_) block.used = {};
}

std::size_t Arena::peak_bytes() const { return peak_; }

}  // namespace danas
