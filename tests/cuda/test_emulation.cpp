// The emulation sees what a kernel does wrong: planted faults.
#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <csignal>
#include <cstdio>

#include "cuda/gpu.cuh"

using namespace danas;
using emulation::Order;

namespace {

constexpr unsigned threads = 64;

void launch(void (*kernel)(float*), float* numbers, dim3 grid = 1, dim3 block = threads) {
  emulation::run("planted", grid, block, [=] { kernel(numbers); });
}

/// Every thread's number is that of its neighbor, by way of shared memory.
template <bool with_barrier>
void neighbor(float* numbers) {
  GPU_SHARED(float, shared, [threads]);
  shared[threadIdx.x] = static_cast<float>(threadIdx.x);
  if (with_barrier) __syncthreads();
  numbers[threadIdx.x] = shared[(threadIdx.x + 1) % threads];
}

/// Half of the threads end before the barrier.
void leaves_early(float* numbers) {
  if (threadIdx.x >= threads / 2) return;
  __syncthreads();
  numbers[threadIdx.x] = 1;
}

/// Two barriers, each for half of the threads.
void diverges(float* numbers) {
  if (threadIdx.x % 2 == 0) {
    __syncthreads();
  } else {
    numbers[threadIdx.x] = 1;
    __syncthreads();
  }
}

void shares_too_much(float* numbers) {
  GPU_SHARED(float, shared, [13 << 10]);
  numbers[0] = shared[0];
}

void reads_what_nobody_wrote(float* numbers) {
  GPU_SHARED(float, shared, [threads]);
  if (blockIdx.x == 0) shared[threadIdx.x] = 1;  // left to the next block
  numbers[blockIdx.x * threads + threadIdx.x] = shared[threadIdx.x];
}

/// Whether the kernel ends the program, which says `reason`.
bool dies(void (*kernel)(float*), const std::string& reason) {
  std::array<int, 2> pipe{};
  BOOST_REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    ::dup2(pipe[1], STDERR_FILENO);
    std::array<float, threads> numbers{};
    emulation::run("planted", 1, threads, [&] { kernel(numbers.data()); });
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string said(200, '\0');
  const ssize_t count = ::read(pipe[0], said.data(), said.size());
  said.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  ::close(pipe[0]);
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST(said.find(reason) != said.npos, said);
  return WIFSIGNALED(status);
}

std::array<float, threads> in_order(Order order, void (*kernel)(float*)) {
  std::array<float, threads> numbers{};
  emulation::set_order(order);
  launch(kernel, numbers.data());
  emulation::set_order(Order::forward);
  return numbers;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(emulated)

BOOST_AUTO_TEST_CASE(barriers_order_threads) {
  for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) {
    const std::array<float, threads> numbers = in_order(order, neighbor<true>);
    for (unsigned i = 0; i < threads; ++i) BOOST_TEST(numbers[i] == static_cast<float>((i + 1) % threads));
  }
}

BOOST_AUTO_TEST_CASE(a_missing_barrier_shows) {
  BOOST_TEST(std::isnan(in_order(Order::forward, neighbor<false>)[0]));  // its neighbor is not there yet
  BOOST_TEST(in_order(Order::reverse, neighbor<false>)[0] == 1.0F);
}

BOOST_AUTO_TEST_CASE(barriers_that_not_all_reach_end_the_program) {
  BOOST_TEST(dies(leaves_early, "a barrier that not all threads reach"));
  BOOST_TEST(dies(diverges, "threads at different barriers"));
}

BOOST_AUTO_TEST_CASE(limits_hold) {
  BOOST_TEST(dies(shares_too_much, "more shared memory than a block has"));
  BOOST_TEST(emulation::within_limits({1 << 20, 65535}, {32, 32}));
  BOOST_TEST(!emulation::within_limits(1, 1025));
  BOOST_TEST(!emulation::within_limits({1, 65536}, 1));
  BOOST_TEST(!emulation::within_limits(0, 1));
}

BOOST_AUTO_TEST_CASE(shared_memory_begins_without_numbers) {
  std::array<float, 2 * threads> numbers{};
  launch(reads_what_nobody_wrote, numbers.data(), 2);
  for (unsigned i = 0; i < threads; ++i) {
    BOOST_TEST(numbers[i] == 1.0F);
    BOOST_TEST(std::isnan(numbers[threads + i]));
  }
}

BOOST_AUTO_TEST_SUITE_END()
