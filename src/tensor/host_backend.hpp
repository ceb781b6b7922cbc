// Memory of a backend that computes on the host: the host's own.
#pragma once

#include "tensor/backend.hpp"

namespace danas {

void* allocate_aligned(std::size_t bytes);  ///< 64-byte aligned; throws Error (Fault::failure)
void release_aligned(void* memory) noexcept;

class HostBackend : public Backend {
 public:
  double usable_bytes() const override;
  bool host_memory() const override { return true; }
  void* allocate(std::size_t bytes) override { return allocate_aligned(bytes); }
  void release(void* memory) noexcept override { release_aligned(memory); }
  void upload(const void* host, const View& to) override;
  void download(const View& from, void* host) override;
  void copy(const View& from, const View& to) override;
  void copy(const Filter& from, const Filter& to) override;
  void clear(const View& view) override;
  void clear(const Filter& filter) override;
  void next_step(const View& counter) override;
  void unscale_gradients(const View& g, const LossScale& scale) override;
  void cast(const View& from, const View& to) override;

 protected:
  struct Rates {
    double learning, corrected;
  };
  /// Whether the step at hand changes nothing.
  static bool skipped(const StepRates& rates);
  /// Of the step at hand; throws Error where it is beyond the table.
  static Rates rates_of(const char* op, const StepRates& rates);
};

}  // namespace danas
