// A fixed team of threads. Results never depend on their number: a loop is cut into tasks by its caller, by
// shape alone, and whoever is free takes the next task.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace danas {

class ThreadPool {
 public:
  /// At least 1; the calling thread is one of them. Throws Error (Fault::failure) when the system starts no more.
  explicit ThreadPool(int threads);
  ~ThreadPool();

  int threads() const;

  /// Calls body(task, worker) for every task in [0, tasks), each exactly once, worker in [0, threads());
  /// returns when all are done. body must not throw and must not call run. Not reentrant.
  template <class Body>
  void run(std::int64_t tasks, Body&& body) {
    using Function = std::remove_reference_t<Body>;
    run_erased(
        tasks, [](void* context, std::int64_t task, int worker) { (*static_cast<Function*>(context))(task, worker); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

 private:
  using Erased = void (*)(void* context, std::int64_t task, int worker);
  void run_erased(std::int64_t tasks, Erased body, void* context);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace danas
