#include "base/thread_pool.hpp"

#include <atomic>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/stopwatch.hpp"

namespace danas {

namespace {

// Loops follow each other within microseconds, the steps of a training within a millisecond: longer than that a thread
// stays awake, as to wake it takes the caller's time. It lets others have the CPU meanwhile, but for a moment that is
// shorter than a change of threads.
constexpr double seconds_before_sleep = 2e-3;
constexpr std::int64_t looks_before_yield = 256, looks_a_yield = 16;
constexpr std::size_t apart = 128;  // bytes: neighboring cache lines are fetched together

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// Called before each look at what is waited for.
class Patience {
 public:
  void pass() {
    pause();
    ++looks_;
    if (looks_ > looks_before_yield && looks_ % looks_a_yield == 0) std::this_thread::yield();
  }
  bool ended() const {
    return looks_ > looks_before_yield && looks_ % looks_a_yield == 0 && since_.seconds() > seconds_before_sleep;
  }

 private:
  std::int64_t looks_ = 0;
  Stopwatch since_;
};

}  // namespace

// Tasks that lie side by side are one thread's share: what it has left in its cache by one loop, it finds there in the
// next. Whoever has none left takes those of the others. A loop waits for tasks that somebody has begun, never for a
// thread that has not woken up: on a busy machine the caller does the work of threads that the system does not let run.
struct ThreadPool::State {
  // The number of the loop in the high half, tasks of the share not yet begun in the low half: whoever takes one by a
  // compare and exchange knows that this loop, and with it all that describes it, lasts until the task is completed.
  struct alignas(apart) Share {
    std::atomic<std::uint64_t> open{0};
  };

  explicit State(int threads) : shares(static_cast<std::size_t>(threads)) {}

  std::vector<Share> shares;
  std::vector<std::thread> workers;
  std::int64_t tasks = 0;
  Erased body = nullptr;
  void* context = nullptr;
  alignas(apart) std::atomic<std::uint32_t> loop{0};  // the number of the last one
  std::atomic<bool> stop{false};
  alignas(apart) std::atomic<std::int64_t> completed{0};  // by the workers

  std::int64_t begin_of(std::size_t share) const {
    return tasks * static_cast<std::int64_t>(share) / static_cast<std::int64_t>(shares.size());
  }

  static std::int64_t tasks_left(std::uint64_t open) { return static_cast<std::int64_t>(open & 0xFFFFFFFFu); }

  std::int64_t work_on(std::size_t share, int worker) {
    std::atomic<std::uint64_t>& open = shares[share].open;
    std::int64_t count = 0;
    std::uint64_t seen = open.load(std::memory_order_acquire);
    while (tasks_left(seen) > 0) {
      if (!open.compare_exchange_weak(seen, seen - 1, std::memory_order_acquire, std::memory_order_acquire)) continue;
      body(context, begin_of(share) + tasks_left(seen) - 1, worker);
      ++count;
      seen = open.load(std::memory_order_acquire);
    }
    return count;
  }

  // Returns how many tasks were done. They are of one loop: none ends before they are reported.
  std::int64_t work(int worker) {
    const std::size_t own = static_cast<std::size_t>(worker);
    std::int64_t count = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) count += work_on((own + i) % shares.size(), worker);
    return count;
  }

  void serve(int worker) {
    for (std::uint32_t last = 0;;) {
      for (Patience patience; loop.load() == last; patience.pass())
        if (patience.ended()) loop.wait(last);
      last = loop.load();
      if (stop.load()) return;
      if (const std::int64_t count = work(worker); count > 0) completed.fetch_add(count, std::memory_order_release);
    }
  }

  void run() {
    completed.store(0, std::memory_order_relaxed);
    const std::uint32_t number = loop.load(std::memory_order_relaxed) + 1;
    for (std::size_t share = 0; share < shares.size(); ++share)
      shares[share].open.store(std::uint64_t{number} << 32 |
                                   static_cast<std::uint64_t>(begin_of(share + 1) - begin_of(share)),
                               std::memory_order_release);
    announce(number);
    const std::int64_t others = tasks - work(0);
    for (Patience patience; completed.load(std::memory_order_acquire) != others;) patience.pass();
  }

  void announce(std::uint32_t number) {
    loop.store(number);
    loop.notify_all();
  }

  void end() {
    stop = true;
    announce(loop.load() + 1);
    for (std::thread& worker : workers) worker.join();
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>(threads > 1 ? threads : 1)) {
  try {
    for (int worker = 1; worker < threads; ++worker)
      state_->workers.emplace_back([state = state_.get(), worker] { state->serve(worker); });
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
  state.tasks = tasks;
  state.body = body;
  state.context = context;
  state.run();
}

}  // namespace danas
