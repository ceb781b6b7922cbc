#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

#include "nas/lanes.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

// Pieces of one byte each that take longer the earlier they are, and what became of them.
struct Pieces {
  LaneWork work;
  std::vector<std::size_t> begun, ended;
  std::atomic<int> running{0}, most_running{0}, most_bytes{0}, bytes{0};
  std::vector<int> sizes;
  std::set<std::size_t> fail;
  std::size_t stop_after = 1000;  // ended pieces

  explicit Pieces(std::size_t count) : sizes(count, 1) {
    work.count = count;
    work.bytes = [this](std::size_t i) { return static_cast<double>(sizes[i]); };
    work.begin = [this](std::size_t i) { begun.push_back(i); };
    work.run = [this](std::size_t i, Backend& lane, const std::function<void()>& stepped) { run(i, lane, stepped); };
    work.end = [this](std::size_t i) { ended.push_back(i); };
    work.tell = [] {};
    work.stop = [this] { return ended.size() >= stop_after; };
    work.interrupted = [] { return false; };
  }

  void run(std::size_t i, Backend&, const std::function<void()>& stepped) {
    raise(most_running, ++running);
    raise(most_bytes, bytes += sizes[i]);
    std::this_thread::sleep_for(std::chrono::milliseconds(i % 2 == 0 ? 6 : 1));
    stepped();
    bytes -= sizes[i];
    --running;
    if (fail.contains(i)) throw std::runtime_error("piece " + std::to_string(i));
  }

  static void raise(std::atomic<int>& most, int value) {
    for (int before = most; before < value && !most.compare_exchange_weak(before, value);) {
    }
  }
};

std::vector<std::size_t> first(std::size_t count) {
  std::vector<std::size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0u);
  return numbers;
}

void check_failure(Pieces& pieces, Backend& backend, int lanes, const std::string& what) {
  BOOST_CHECK_EXCEPTION(run_in_lanes(backend, lanes, 1, pieces.work), std::runtime_error,
                        [&](const std::runtime_error& error) { return error.what() == what; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lanes, *boost::unit_test::label("threads"))

BOOST_AUTO_TEST_CASE(pieces_run_once_and_end_in_order) {
  const auto backend = make_cpu_backend(3, "portable");
  for (const int count : {0, 1, 2, 3, 20})
    for (const int lanes : {1, 2, 3, 7}) {
      Pieces pieces(static_cast<std::size_t>(count));
      run_in_lanes(*backend, lanes, 1, pieces.work);
      BOOST_TEST(pieces.ended == first(pieces.work.count), boost::test_tools::per_element());
      BOOST_TEST(pieces.begun == pieces.ended, boost::test_tools::per_element());
      BOOST_TEST(pieces.most_running <= lanes);
    }
}

BOOST_AUTO_TEST_CASE(lanes_share_the_threads) {
  const auto backend = make_cpu_backend(5, "portable");
  Pieces pieces(8);
  std::atomic<int> threads{0};
  std::set<const Backend*> seen;
  std::mutex mutex;
  pieces.work.run = [&](std::size_t, Backend& lane, const auto&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const std::lock_guard lock(mutex);
    if (seen.insert(&lane).second) threads += lane.threads();
    BOOST_TEST(lane.instruction_set() == "portable");
  };
  run_in_lanes(*backend, 3, 1, pieces.work);
  BOOST_TEST(seen.size() == 3u);
  BOOST_TEST(threads == 5);
}

BOOST_AUTO_TEST_CASE(without_a_number_memory_bounds_them) {
  const auto backend = make_cpu_backend(4, "portable");
  Pieces large(6);
  large.sizes.assign(6, 100);
  run_in_lanes(*backend, std::nullopt, 150, large.work);
  BOOST_TEST(large.most_running == 1);
  Pieces mixed(30);
  for (std::size_t i = 0; i < 30; ++i) mixed.sizes[i] = i % 5 == 0 ? 90 : 10;
  run_in_lanes(*backend, std::nullopt, 100, mixed.work);
  BOOST_TEST(mixed.most_bytes <= 100);
  BOOST_TEST(mixed.ended == first(30), boost::test_tools::per_element());
  Pieces small(40);
  run_in_lanes(*backend, std::nullopt, 100, small.work);
  BOOST_TEST(small.most_running <= 4);
}

BOOST_AUTO_TEST_CASE(stopping_ends_what_was_begun) {
  const auto backend = make_cpu_backend(2, "portable");
  for (const int lanes : {1, 2, 3}) {
    Pieces pieces(30);
    pieces.stop_after = 5;
    run_in_lanes(*backend, lanes, 1, pieces.work);
    BOOST_TEST(pieces.ended.size() >= 5u);
    BOOST_TEST(pieces.ended.size() < 30u);
    BOOST_TEST(pieces.ended == first(pieces.ended.size()), boost::test_tools::per_element());
    BOOST_TEST(pieces.begun.size() == pieces.ended.size());
  }
}

// Not even what lies before pieces that were begun.
BOOST_AUTO_TEST_CASE(an_interrupt_begins_nothing_more) {
  const auto backend = make_cpu_backend(2, "portable");
  for (const int lanes : {1, 2, 3}) {
    Pieces pieces(30);
    std::size_t begun = 0;
    pieces.work.interrupted = [&] { return pieces.ended.size() >= 3; };
    pieces.work.end = [&](std::size_t i) {
      pieces.ended.push_back(i);
      if (pieces.ended.size() == 3) begun = pieces.begun.size();
    };
    run_in_lanes(*backend, lanes, 1, pieces.work);
    BOOST_TEST(pieces.begun.size() == begun);
    BOOST_TEST(pieces.ended == first(pieces.ended.size()), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(failures_come_out_after_the_end_of_those_before) {
  const auto backend = make_cpu_backend(2, "portable");
  for (const int lanes : {1, 2, 4}) {
    Pieces pieces(30);
    pieces.fail = {7};
    check_failure(pieces, *backend, lanes, "piece 7");
    BOOST_TEST(pieces.ended == first(7), boost::test_tools::per_element());
    BOOST_TEST(pieces.running == 0);
    BOOST_TEST(pieces.begun.size() < 30u);
  }
  Pieces both(4);  // the slower one comes first
  both.fail = {2, 3};
  check_failure(both, *backend, 4, "piece 2");
  BOOST_TEST(both.ended == first(2), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_search_does_not_depend_on_their_number) {
  const TemporaryFolder folder;
  run_tiny(tiny_experiment(folder.path()), folder.path() / "one", false);
  const auto expected = results(folder.path() / "one");
  for (const std::string lanes : {"2", "3", "\"auto\""})
    for (const int threads : {1, 4}) {
      const fs::path directory = folder.path() / ("lanes " + std::to_string(threads) + lanes);
      run_tiny(tiny_experiment(folder.path(), {"search.lanes=" + lanes}), directory, false, threads);
      check_same_results(expected, directory);
    }
}

// Each session ends with pieces begun and not ended, or ended and waiting for one before them.
BOOST_AUTO_TEST_CASE(an_interrupted_search_is_resumed) {
  const TemporaryFolder folder;
  run_tiny(tiny_experiment(folder.path()), folder.path() / "one", false);
  const Experiment experiment = tiny_experiment(folder.path(), {"search.lanes=3"});
  const fs::path directory = folder.path() / "three";
  int sessions = 0;
  std::size_t rows = 0;
  // A supernet's training gets on by a step a session, later ones are interrupted once another row is there.
  const auto interrupt = [&](int calls, auto& flag) {
    flag = flag || (calls > 9 && candidates_of(directory).size() > rows);
  };
  while (run_tiny(experiment, directory, sessions > 0, 3, interrupt).interrupted) {
    rows = candidates_of(directory).size();
    BOOST_TEST_REQUIRE(++sessions < 40);
  }
  check_same_results(results(folder.path() / "one"), directory);
}

BOOST_AUTO_TEST_SUITE_END()
