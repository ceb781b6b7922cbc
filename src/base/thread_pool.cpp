#include "base/thread_pool.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.hpp"

namespace danas {

namespace {

constexpr int spins_before_sleep = 4000;  // layers follow each other within microseconds
constexpr int spins_before_yield = 1000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

// A loop waits for tasks that somebody has begun, never for a thread that has not woken up: on a busy machine the caller
// does the work of threads that the system does not let run.
struct ThreadPool::State {
  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<int> sleepers{0};
  std::atomic<bool> stop{false};
  // The number of the loop in the high half, its tasks not yet begun in the low half: whoever takes one by a compare and
  // exchange knows that this loop, and with it body and context, lasts until the task is completed.
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::int64_t> completed{0};
  Erased body = nullptr;
  void* context = nullptr;

  static std::uint64_t tasks_left(std::uint64_t value) { return value & 0xFFFFFFFFu; }

  void work(int worker) {
    std::uint64_t seen = open.load(std::memory_order_acquire);
    while (tasks_left(seen) > 0) {
      if (!open.compare_exchange_weak(seen, seen - 1, std::memory_order_acquire, std::memory_order_acquire)) continue;
      body(context, static_cast<std::int64_t>(tasks_left(seen)) - 1, worker);
      completed.fetch_add(1, std::memory_order_release);
      seen = open.load(std::memory_order_acquire);
    }
  }

  bool idle() const { return tasks_left(open.load()) == 0 && !stop.load(); }

  void loop(int worker) {
    while (!stop.load()) {
      for (int spin = 0; spin < spins_before_sleep && idle(); ++spin) pause();
      if (idle()) {
        std::unique_lock lock(mutex);
        sleepers.fetch_add(1);
        wake.wait(lock, [this] { return !idle(); });
        sleepers.fetch_sub(1);
      }
      work(worker);
    }
  }

  void notify() {
    const std::lock_guard lock(mutex);
    wake.notify_all();
  }

  void end() {
    stop = true;
    notify();
    for (std::thread& worker : workers) worker.join();
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  try {
    for (int worker = 1; worker < threads; ++worker)
      state_->workers.emplace_back([state = state_.get(), worker] { state->loop(worker); });
  } catch (const std::system_error& error) {
    const std::string started = std::to_string(state_->workers.size() + 1);
    state_->end();
    throw expected("threads", std::to_string(threads) + " threads", started + ": " + error.code().message(),
                   Fault::failure);
  }
}

ThreadPool::~ThreadPool() { state_->end(); }

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run_erased(std::int64_t tasks, Erased body, void* context) {
  State& state = *state_;
  if (tasks <= 1 || state.workers.empty()) {
    for (std::int64_t task = 0; task < tasks; ++task) body(context, task, 0);
    return;
  }
  state.body = body;
  state.context = context;
  state.completed.store(0, std::memory_order_relaxed);
  const std::uint64_t number = (state.open.load(std::memory_order_relaxed) >> 32) + 1;
  state.open.store(number << 32 | static_cast<std::uint64_t>(tasks));
  if (state.sleepers.load() > 0) state.notify();
  state.work(0);
  for (int spin = 0; state.completed.load(std::memory_order_acquire) != tasks; ++spin) {
    if (spin < spins_before_yield) pause();
    else std::this_thread::yield();
  }
}

}  // namespace danas
