// A stack of its own for each emulated thread, and the switching between it and the scheduler, known to the sanitizers.
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
/// What happened before a release is seen after the acquire of the same address.
#define DANAS_RELEASE(address) __tsan_release(address)
#define DANAS_ACQUIRE(address) __tsan_acquire(address)
#else
#define DANAS_RELEASE(address) static_cast<void>(address)
#define DANAS_ACQUIRE(address) static_cast<void>(address)
#endif

/// For what belongs to the machine, not to the kernel: the thread sanitizer must not look at it.
#define DANAS_MACHINE __attribute__((no_sanitize("thread")))

namespace danas::emulation {

class Fiber {
 public:
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  bool started() const { return stack_ != nullptr; }
  /// `entry` never returns; it begins at the first resume().
  void start(void (*entry)());
  void resume();   ///< scheduler → fiber, until it yields
  void yield();    ///< fiber → scheduler
  void entered();  ///< the first thing that `entry` does

 private:
  char* stack_ = nullptr;
#if defined(__x86_64__)
  void *own_ = nullptr, *scheduler_ = nullptr;  // stack pointers
#else
  ucontext_t own_, scheduler_;
#endif
  // The sanitizers' knowledge of both sides.
  void *own_fake_ = nullptr, *scheduler_fake_ = nullptr, *own_thread_ = nullptr, *scheduler_thread_ = nullptr;
  const void* scheduler_bottom_ = nullptr;
  std::size_t scheduler_size_ = 0;
};

}  // namespace danas::emulation
