#include "cuda/transfer.hpp"

#include <cstdint>

namespace danas::cuda {

namespace {

constexpr std::size_t line = 256;  // slots begin where device memory does

}  // namespace

Transfer::Transfer(std::size_t slots, std::size_t slot_bytes)
    : slot_bytes_((slot_bytes + line - 1) / line * line), host_(allocate_pinned(slots * slot_bytes_)),
      device_(allocate_device(slots * slot_bytes_)), slots_(slots), copies_(make_stream()) {}

// What is under way still uses the memory that goes with this. An error was told to somebody, or will be.
Transfer::~Transfer() {
  for (const Slot& slot : slots_) {
    cudaEventSynchronize(slot.copied.get());
    cudaEventSynchronize(slot.read.get());
  }
}

const std::byte* Transfer::on_device(std::size_t slot, const void* bytes) const {
  // Of two memories: compared as numbers.
  const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(bytes) - reinterpret_cast<std::uintptr_t>(host(slot));
  return offset < slot_bytes_ ? device(slot) + offset : static_cast<const std::byte*>(bytes);
}

void Transfer::wait(std::size_t slot) {
  check(cudaEventSynchronize(slots_[slot].copied.get()), "waiting for a copy of images");
}

void Transfer::send(std::size_t slot, std::size_t bytes, cudaStream_t stream) {
  constexpr const char* what = "uploading images";
  const Slot& own = slots_[slot];
  check(cudaStreamWaitEvent(copies_.get(), own.read.get(), 0), what);
  check(cudaMemcpyAsync(device(slot), host(slot), bytes, cudaMemcpyHostToDevice, copies_.get()), what);
  check(cudaEventRecord(own.copied.get(), copies_.get()), what);
  check(cudaStreamWaitEvent(stream, own.copied.get(), 0), what);
}

void Transfer::end_reading(std::size_t slot, cudaStream_t stream) {
  check(cudaEventRecord(slots_[slot].read.get(), stream), "uploading images");
}

}  // namespace danas::cuda
