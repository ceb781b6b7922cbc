#include "tensor/host_backend.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/error.hpp"
#include "base/memory.hpp"
#include "tensor/shapes.hpp"
#include "tensor/tensor.hpp"

namespace danas {

namespace {

// A filter's rows, without the gaps between them.
template <class Row>
void for_each_row(const Filter& filter, const Row& row) {
  for (std::int64_t tap = 0; tap < filter.h * filter.w; ++tap)
    for (std::int64_t i = 0; i < filter.in; ++i) row(tap, i);
}

std::byte* row_of(const Filter& filter, std::int64_t tap, std::int64_t i) {
  return filter.as<std::byte>() +
         static_cast<std::size_t>(tap * filter.tap_stride + i * filter.row_stride) * bytes_of(filter.type);
}

std::size_t row_bytes(const Filter& filter) { return static_cast<std::size_t>(filter.out) * bytes_of(filter.type); }

}  // namespace

// Large blocks ask for large pages: a step walks through gigabytes with strides of whole pages.
void* allocate_aligned(std::size_t bytes) {
  constexpr std::size_t large = std::size_t{1} << 21;
  const std::size_t alignment = bytes >= 2 * large ? large : 64;
  if (bytes > SIZE_MAX - alignment) throw Error("memory", "a tensor larger than the address space", Fault::failure);
  const std::size_t size = std::max(alignment, (bytes + alignment - 1) / alignment * alignment);
  void* memory = std::aligned_alloc(alignment, size);
  if (!memory) throw Error("memory", "expected " + std::to_string(bytes) + " bytes, got none", Fault::failure);
#if defined(MADV_HUGEPAGE)
  if (alignment == large) madvise(memory, size, MADV_HUGEPAGE);  // a hint: failure changes nothing
#endif
  return memory;
}

void release_aligned(void* memory) noexcept { std::free(memory); }

double HostBackend::usable_bytes() const { return usable_memory(); }

void HostBackend::upload(const void* host, const View& to) { std::memcpy(to.data, host, to.bytes()); }

void HostBackend::download(const View& from, void* host) { std::memcpy(host, from.data, from.bytes()); }

void HostBackend::copy(const View& from, const View& to) {
  shapes::same("copy", from.type, to, from);
  std::memcpy(to.data, from.data, from.bytes());
}

void HostBackend::copy(const Filter& from, const Filter& to) {
  shapes::same("copy", from.type, to, from);
  for_each_row(from, [&](std::int64_t tap, std::int64_t i) {
    std::memcpy(row_of(to, tap, i), row_of(from, tap, i), row_bytes(from));
  });
}

void HostBackend::clear(const View& view) { std::memset(view.data, 0, view.bytes()); }

void HostBackend::clear(const Filter& filter) {
  for_each_row(filter,
               [&](std::int64_t tap, std::int64_t i) { std::memset(row_of(filter, tap, i), 0, row_bytes(filter)); });
}

void HostBackend::next_step(const View& counter) {
  shapes::vector("next_step", Type::i32, counter, 1);
  ++*counter.as<std::int32_t>();
}

void HostBackend::unscale_gradients(const View& g, const LossScale& scale) {
  shapes::same("unscale_gradients", weight_type(), g, g);
  shapes::loss_scale("unscale_gradients", weight_type(), scale);
  const double factor = get(scale.factor, 0), good_steps = get(scale.factor, 1) + 1;
  bool finite = true;
  for (std::int64_t i = 0; i < g.size(); ++i) {
    const double gradient = get(g, i) / factor;
    finite = finite && std::isfinite(gradient);
    set(g, i, gradient);
  }
  *scale.skip.as<std::int32_t>() = finite ? 0 : 1;
  const bool stays = finite && good_steps < LossScale::doubled_after;
  const double next = std::clamp(finite ? 2 * factor : factor / 2, LossScale::least, LossScale::most);
  set(scale.factor, 0, stays ? factor : next);
  set(scale.factor, 1, stays ? good_steps : 0);
}

void HostBackend::cast(const View& from, const View& to) {
  shapes::same("cast", weight_type(), from, from);
  shapes::same("cast", activation_type(), to, from);
  for (std::int64_t i = 0; i < from.size(); ++i) set(to, i, get(from, i));
}

bool HostBackend::skipped(const StepRates& rates) {
  return rates.skip.present() && *rates.skip.as<const std::int32_t>() != 0;
}

HostBackend::Rates HostBackend::rates_of(const char* op, const StepRates& rates) {
  shapes::rates(op, rates);
  const std::int32_t row = *rates.counter.as<const std::int32_t>();
  if (row < 0 || row >= rates.table.n)
    throw expected(op, "one of " + std::to_string(rates.table.n) + " steps", std::to_string(row), Fault::failure);
  const double* const pair = rates.table.as<const double>() + std::int64_t{2} * row;
  return {pair[0], pair[1]};
}

}  // namespace danas
