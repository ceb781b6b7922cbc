// Bytes on their way to a GPU beside its work: pinned memory of the host in a few slots, the same on the device, and a
// stream of copies. The streams wait for each other, the host for nothing but wait().
#pragma once

#include <cstddef>
#include <vector>

#include "cuda/runtime.hpp"

namespace danas::cuda {

class Transfer {
 public:
  /// On the device that the calling thread has selected. Throws Error.
  Transfer(std::size_t slots, std::size_t slot_bytes);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  std::byte* host(std::size_t slot) const { return host_.get() + slot * slot_bytes_; }
  std::byte* device(std::size_t slot) const { return device_.get() + slot * slot_bytes_; }
  /// Of bytes that host(slot) has: where they are copied to. Of others, which are on the device: where they are.
  const std::byte* on_device(std::size_t slot, const void* bytes) const;

  void wait(std::size_t slot);  ///< until the slot's last copy is done, so that the host may write it again
  /// Copies the first bytes of host(slot), once what was told to read the slot's last copy is done; what `stream` is told
  /// from now on finds them.
  void send(std::size_t slot, std::size_t bytes, cudaStream_t stream);
  /// All that reads the slot's copy has been told to `stream`.
  void end_reading(std::size_t slot, cudaStream_t stream);

 private:
  struct Slot {
    Event copied = make_event(), read = make_event();
  };

  std::size_t slot_bytes_;
  PinnedMemory host_;
  DeviceMemory device_;
  std::vector<Slot> slots_;
  Stream copies_;
};

}  // namespace danas::cuda
