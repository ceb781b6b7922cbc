#include "fiber.hpp"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace danas::emulation {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t stack_size = 512 << 10;
#else
constexpr std::size_t stack_size = 64 << 10;
#endif
constexpr std::size_t guard_size = 4096;

#if defined(__x86_64__)
// Saves what a call preserves, changes stacks, restores.
__attribute__((naked, noinline)) DANAS_MACHINE void switch_stacks(void** /*from*/, void* /*to*/) {
  __asm__ volatile("pushq %rbp\n pushq %rbx\n pushq %r12\n pushq %r13\n pushq %r14\n pushq %r15\n"
                   "movq %rsp, (%rdi)\n movq %rsi, %rsp\n"
                   "popq %r15\n popq %r14\n popq %r13\n popq %r12\n popq %rbx\n popq %rbp\n ret");
}
#endif

}  // namespace

DANAS_MACHINE void Fiber::start(void (*entry)()) {
  void* memory =
      ::mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED || ::mprotect(memory, guard_size, PROT_NONE) != 0) {
    std::perror("emulation: a fiber's stack");
    std::abort();
  }
  stack_ = static_cast<char*>(memory);
#if defined(__x86_64__)
  void** const top = reinterpret_cast<void**>(stack_ + stack_size);
  top[-2] = reinterpret_cast<void*>(entry);  // where the first switch returns to, the stack aligned as after a call
  own_ = top - 8;
#else
  ::getcontext(&own_);
  own_.uc_stack.ss_sp = stack_;
  own_.uc_stack.ss_size = stack_size;
  own_.uc_link = nullptr;
  ::makecontext(&own_, entry, 0);
#endif
#if defined(__SANITIZE_THREAD__)
  own_thread_ = __tsan_create_fiber(0);
#endif
}

DANAS_MACHINE void Fiber::entered() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_bottom_, &scheduler_size_);
#endif
}

DANAS_MACHINE void Fiber::resume() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&scheduler_fake_, stack_, stack_size);
#elif defined(__SANITIZE_THREAD__)
  scheduler_thread_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(own_thread_, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__x86_64__)
  switch_stacks(&scheduler_, own_);
#else
  ::swapcontext(&scheduler_, &own_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(scheduler_fake_, nullptr, nullptr);
#endif
}

DANAS_MACHINE void Fiber::yield() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&own_fake_, scheduler_bottom_, scheduler_size_);
#elif defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(scheduler_thread_, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__x86_64__)
  switch_stacks(&own_, scheduler_);
#else
  ::swapcontext(&own_, &scheduler_);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(own_fake_, &scheduler_bottom_, &scheduler_size_);
#endif
}

}  // namespace danas::emulation
