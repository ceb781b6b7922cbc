#include "machine.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <utility>

#include "fiber.hpp"
#include "launch_log.hpp"

namespace danas::emulation {

Place place;

namespace {

constexpr unsigned most_threads = 1024;
constexpr std::size_t most_shared = 48 << 10;  // bytes that a block may declare

enum class State { ready, waiting, done };

struct Thread {
  Fiber fiber;
  dim3 index{0, 0, 0};
  State state = State::done;
  unsigned line = 0;  // of the barrier where it waits
};

struct Warp {
  std::array<void*, 32> brought;
  unsigned count = 0, line = 0;
  unsigned long meetings = 0;
  char met[2] = {};  // only their addresses are used, as Machine's
};

struct Machine {
  std::array<Thread, most_threads> threads;
  std::array<Warp, most_threads / 32> warps;
  std::array<unsigned, most_threads> turns;
  Thread* current = nullptr;
  const std::function<void()>* body = nullptr;
  std::string kernel;
  unsigned count = 0, waiting = 0;
  unsigned long barriers = 0, blocks = 0;
  std::size_t shared = 0;
  Order order = Order::forward;
  std::uint64_t random = 1;
  std::mutex mutex;  // one grid at a time, whoever launches it
  // Only their addresses are used: what orders the threads.
  char began = 0, ended = 0, met[2] = {};
};

Machine machine;

[[noreturn]] void fail(const char* what, unsigned line) {
  const dim3& thread = machine.current ? machine.current->index : place.thread;
  std::fprintf(stderr, "emulation: %s in %s, block (%u,%u,%u), thread (%u,%u,%u), line %u\n", what,
               machine.kernel.c_str(), place.block.x, place.block.y, place.block.z, thread.x, thread.y, thread.z, line);
  std::abort();
}

// What a fiber does: one thread of a block after another.
DANAS_MACHINE void thread_entry() {
  machine.current->fiber.entered();
  for (;;) {
    DANAS_ACQUIRE(&machine.began);
    (*machine.body)();
    DANAS_RELEASE(&machine.ended);
    machine.current->state = State::done;
    machine.current->fiber.yield();
  }
}

DANAS_MACHINE void shuffle_turns() {
  for (unsigned i = machine.count - 1; i > 0; --i) {
    machine.random = machine.random * 6364136223846793005u + 1442695040888963407u;
    std::swap(machine.turns[i], machine.turns[static_cast<unsigned>(machine.random >> 33) % (i + 1)]);
  }
}

DANAS_MACHINE void begin_block() {
  ++machine.blocks;
  machine.shared = 0;
  machine.waiting = 0;
  for (Warp& warp : machine.warps) warp.count = 0;
  dim3 index{0, 0, 0};
  for (unsigned i = 0; i < machine.count; ++i) {
    Thread& thread = machine.threads[i];
    thread.index = index;
    thread.state = State::ready;
    if (!thread.fiber.started()) thread.fiber.start(thread_entry);
    machine.turns[i] = machine.order == Order::reverse ? machine.count - 1 - i : i;
    if (++index.x < place.block_size.x) continue;
    index.x = 0;
    if (++index.y < place.block_size.y) continue;
    index.y = 0;
    ++index.z;
  }
}

DANAS_MACHINE void run_block() {
  begin_block();
  DANAS_RELEASE(&machine.began);
  for (unsigned left = machine.count; left > 0;) {
    if (machine.order == Order::shuffled) shuffle_turns();
    bool any = false;
    for (unsigned i = 0; i < machine.count; ++i) {
      Thread& thread = machine.threads[machine.turns[i]];
      if (thread.state != State::ready) continue;
      machine.current = &thread;
      place.thread = thread.index;
      thread.fiber.resume();
      any = true;
      if (thread.state == State::done) --left;
    }
    if (!any) fail("a barrier that not all threads reach", machine.current->line);
  }
  machine.current = nullptr;
  DANAS_ACQUIRE(&machine.ended);
}

}  // namespace

void set_order(Order order) { machine.order = order; }

bool within_limits(dim3 grid, dim3 block) {
  const std::size_t threads = std::size_t{block.x} * block.y * block.z;
  return threads > 0 && threads <= most_threads && block.z <= 64 && grid.x > 0 && grid.y > 0 && grid.z > 0 &&
         grid.x <= 0x7fffffffu && grid.y <= 65535 && grid.z <= 65535;
}

void run(const std::string& kernel, dim3 grid, dim3 block, const std::function<void()>& thread) {
  const std::lock_guard lock(machine.mutex);
  machine.kernel = kernel;
  machine.body = &thread;
  machine.count = block.x * block.y * block.z;
  place.grid_size = grid;
  place.block_size = block;
  launch_begins(kernel, grid);
  const std::uint64_t blocks = std::uint64_t{grid.x} * grid.y * grid.z;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    const std::uint64_t at = machine.order == Order::reverse ? blocks - 1 - i : i;
    place.block = {static_cast<unsigned>(at % grid.x), static_cast<unsigned>(at / grid.x % grid.y),
                   static_cast<unsigned>(at / grid.x / grid.y)};
    run_block();
  }
  launch_ends();
}

DANAS_MACHINE void barrier(unsigned line) {
  Thread& self = *machine.current;
  self.line = line;
  self.state = State::waiting;
  char* const met = &machine.met[machine.barriers % 2];  // an early arrival at the next barrier orders nothing here
  DANAS_RELEASE(met);
  if (++machine.waiting == machine.count) {
    machine.waiting = 0;
    ++machine.barriers;
    for (unsigned i = 0; i < machine.count; ++i) {
      Thread& thread = machine.threads[i];
      if (thread.line != line) fail("threads at different barriers", line);
      thread.state = State::ready;
    }
  }
  self.fiber.yield();
  DANAS_ACQUIRE(met);
}

DANAS_MACHINE unsigned lane() { return static_cast<unsigned>(machine.current - machine.threads.data()) % 32; }

DANAS_MACHINE void check(bool condition, const char* what, unsigned line) {
  if (!condition) fail(what, line);
}

DANAS_MACHINE void meet_warp(unsigned line, void* brought, void (*work)(void** all)) {
  Thread& self = *machine.current;
  const auto index = static_cast<std::size_t>(&self - machine.threads.data());
  Warp& warp = machine.warps[index / 32];
  if (warp.count > 0 && warp.line != line) fail("threads of a warp at different meetings", line);
  warp.line = line;
  warp.brought[index % 32] = brought;
  self.line = line;
  self.state = State::waiting;
  char* const met = &warp.met[warp.meetings % 2];
  DANAS_RELEASE(met);
  if (++warp.count == 32) {
    DANAS_ACQUIRE(met);
    if (work != nullptr) work(warp.brought.data());
    DANAS_RELEASE(met);
    warp.count = 0;
    ++warp.meetings;
    for (std::size_t i = index / 32 * 32; i < index / 32 * 32 + 32; ++i) machine.threads[i].state = State::ready;
  } else {
    self.fiber.yield();
  }
  DANAS_ACQUIRE(met);
}

// Exactly so large, so that the address sanitizer sees what lies beyond.
void* shared_memory(std::size_t bytes) {
  void* memory = nullptr;
  if (::posix_memalign(&memory, 128, bytes) != 0) fail("no memory", 0);
  return memory;
}

DANAS_MACHINE void begin_shared(void* memory, std::size_t bytes, unsigned long& block) {
  if (block == machine.blocks) return;
  block = machine.blocks;
  machine.shared += bytes;
  if (machine.shared > most_shared) fail("more shared memory than a block has", 0);
  for (std::size_t i = 0; i < bytes; ++i) static_cast<volatile unsigned char*>(memory)[i] = 0xff;  // NaN
}

}  // namespace danas::emulation
