#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "base/thread_pool.hpp"

using danas::ThreadPool;

BOOST_AUTO_TEST_SUITE(thread_pool, *boost::unit_test::label("threads"))

BOOST_AUTO_TEST_CASE(thread_pool_runs_every_task_once) {
  for (int threads = 1; threads <= 4; ++threads) {
    ThreadPool pool(threads);
    BOOST_CHECK_EQUAL(pool.threads(), threads);
    for (int repetition = 0; repetition < 500; ++repetition) {
      const std::int64_t tasks = repetition % 37;
      std::vector<std::atomic<int>> calls(static_cast<std::size_t>(tasks));
      std::atomic<bool> worker_in_range = true;
      pool.run(tasks, [&](std::int64_t task, int worker) {
        ++calls[static_cast<std::size_t>(task)];
        if (worker < 0 || worker >= threads) worker_in_range = false;
      });
      BOOST_REQUIRE(worker_in_range);
      for (const std::atomic<int>& count : calls) BOOST_REQUIRE_EQUAL(count.load(), 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(thread_pool_returns_after_all_work_is_visible) {
  ThreadPool pool(4);
  std::vector<double> values(10000);
  for (int repetition = 1; repetition <= 200; ++repetition) {
    pool.run(100, [&](std::int64_t task, int) {
      for (std::int64_t i = task * 100; i < (task + 1) * 100; ++i) values[static_cast<std::size_t>(i)] += 1;
    });
    BOOST_REQUIRE_EQUAL(std::accumulate(values.begin(), values.end(), 0.0), 10000.0 * repetition);
  }
}

BOOST_AUTO_TEST_CASE(a_worker_never_runs_two_tasks_at_once) {
  ThreadPool pool(3);
  std::array<std::atomic<int>, 3> running{};
  std::atomic<bool> overlapped = false;
  for (int repetition = 0; repetition < 200; ++repetition)
    pool.run(64, [&](std::int64_t, int worker) {
      if (running[static_cast<std::size_t>(worker)].fetch_add(1) != 0) overlapped = true;
      running[static_cast<std::size_t>(worker)].fetch_sub(1);
    });
  BOOST_CHECK(!overlapped);
}

// Whoever begins first is held up until all others are done.
BOOST_AUTO_TEST_CASE(tasks_of_a_busy_thread_are_done_by_others) {
  for (const int threads : {2, 3, 7}) {
    ThreadPool pool(threads);
    for (const std::int64_t tasks : {2, 5, 7, 50}) {
      std::atomic<std::int64_t> begun = 0, done = 0;
      pool.run(tasks, [&](std::int64_t, int) {
        if (begun.fetch_add(1) == 0)
          while (done.load() < tasks - 1) std::this_thread::yield();
        ++done;
      });
      BOOST_CHECK_EQUAL(done.load(), tasks);
    }
  }
}

// Each task waits until every thread has one.
BOOST_AUTO_TEST_CASE(threads_that_fell_asleep_are_woken) {
  for (const int threads : {2, 5}) {
    ThreadPool pool(threads);
    for (int repetition = 0; repetition < 5; ++repetition) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      std::atomic<int> begun = 0;
      pool.run(threads, [&](std::int64_t, int) {
        ++begun;
        while (begun.load() < threads) std::this_thread::yield();
      });
      BOOST_CHECK_EQUAL(begun.load(), threads);
    }
  }
}

BOOST_AUTO_TEST_CASE(thread_pool_of_no_threads_is_the_caller_alone) {
  ThreadPool pool(0);
  BOOST_CHECK_EQUAL(pool.threads(), 1);
  int calls = 0;
  pool.run(5, [&](std::int64_t, int worker) { calls += 1 + worker; });
  BOOST_CHECK_EQUAL(calls, 5);
}

BOOST_AUTO_TEST_CASE(thread_pools_start_and_stop_often) {
  std::atomic<int> calls = 0;
  for (int repetition = 0; repetition < 200; ++repetition) {
    ThreadPool pool(1 + repetition % 4);
    if (repetition % 2 == 0) pool.run(8, [&](std::int64_t, int) { ++calls; });
  }
  BOOST_CHECK_EQUAL(calls.load(), 800);
}

BOOST_AUTO_TEST_SUITE_END()
