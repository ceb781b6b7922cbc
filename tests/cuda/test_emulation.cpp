// The emulation sees what a kernel does wrong: planted faults.
#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <functional>

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

/// Every thread leaves its number in the same place: whoever comes last.
void races(float* numbers) { numbers[0] = static_cast<float>(threadIdx.x); }

/// What atomicAdd does: no other thread comes between. A sum of floats still depends on who comes first.
void adds_in_any_order(float* numbers) { numbers[0] += threadIdx.x == 0 ? 1.0F : 0x1p-24F; }

constexpr unsigned pitch = 24;  // of tiles in shared memory

/// A tile of ones times a tile of twos on tensor cores, loaded as if its rows were `stride` apart.
template <unsigned stride>
void multiplies_tiles(float* products) {
  using namespace nvcuda::wmma;
  GPU_SHARED(__half, ones, [16 * pitch]);
  GPU_SHARED(__half, twos, [16 * pitch]);
  for (unsigned i = threadIdx.x; i < 256; i += blockDim.x) {
    ones[i / 16 * pitch + i % 16] = __half(1.0F);
    twos[i / 16 * pitch + i % 16] = __half(2.0F);
  }
  __syncthreads();
  fragment<matrix_a, 16, 16, 16, __half, row_major> a;
  fragment<matrix_b, 16, 16, 16, __half, row_major> b;
  fragment<accumulator, 16, 16, 16, float> sums;
  fill_fragment(sums, 0.0F);
  load_matrix_sync(a, ones, stride);
  load_matrix_sync(b, twos, pitch);
  mma_sync(sums, a, b, sums);
  store_matrix_sync(products, sums, 16, mem_row_major);
}

struct alignas(32) Products {
  std::array<float, 256> numbers{};
};
Products tile_products(void (*kernel)(float*)) {
  Products products;
  launch(kernel, products.numbers.data(), 1, 32);
  return products;
}

constexpr unsigned rows = 4, channels = 5;

/// Sums of rows of `channels` numbers, one too many.
void reads_beyond_a_row(float* numbers) {
  if (threadIdx.x >= rows) return;
  float sum = 0;
  for (unsigned c = 0; c <= channels; ++c) sum += numbers[threadIdx.x * channels + c];
  numbers[threadIdx.x * channels + 1] = sum;
}

void writes_beyond_its_memory(float* numbers) { numbers[rows * channels + threadIdx.x] = 1; }

/// The kernel over the GPU's memory of rows of ones; freed at the end.
std::array<float, rows> row_sums(void (*kernel)(float*)) {
  void* memory = nullptr;
  BOOST_REQUIRE(cudaMalloc(&memory, rows * channels * sizeof(float)) == cudaSuccess);
  auto* const numbers = static_cast<float*>(memory);
  std::fill_n(numbers, rows * channels, 1.0F);
  emulation::run("planted", 1, rows, [=] { kernel(numbers); });
  std::array<float, rows> sums{};
  for (unsigned row = 0; row < rows; ++row) sums[row] = numbers[row * channels + 1];
  cudaFree(memory);
  return sums;
}

/// How a process ends that does `work`.
struct End {
  bool killed;
  std::string said;
};
End end_of(const std::function<void()>& work) {
  std::array<int, 2> pipe{};
  BOOST_REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    ::dup2(pipe[1], STDERR_FILENO);
    work();
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string said;
  char buffer[256];
  for (ssize_t count = 0; (count = ::read(pipe[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(count));
  ::close(pipe[0]);
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  return {WIFSIGNALED(status), said};
}

/// Whether `work` ends the program, which says `reason`.
bool dies(const std::function<void()>& work, const std::string& reason) {
  const End end = end_of(work);
  BOOST_TEST(end.said.find(reason) != end.said.npos, end.said);
  return end.killed;
}

bool dies(void (*kernel)(float*), const std::string& reason) {
  return dies(
      [kernel] {
        std::array<float, threads> numbers{};
        launch(kernel, numbers.data());
      },
      reason);
}

std::array<float, threads> in_order(Order order, void (*kernel)(float*)) {
  std::array<float, threads> numbers{};
  emulation::set_order(order);
  launch(kernel, numbers.data());
  emulation::set_order(Order::forward);
  return numbers;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(emulated, *boost::unit_test::label("threads"))

BOOST_AUTO_TEST_CASE(barriers_order_threads) {
  for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) {
    const std::array<float, threads> numbers = in_order(order, neighbor<true>);
    for (unsigned i = 0; i < threads; ++i) BOOST_TEST(numbers[i] == static_cast<float>((i + 1) % threads));
  }
}

// Under a sanitizer its report is what catches the fault.
#if defined(__SANITIZE_THREAD__)
BOOST_AUTO_TEST_CASE(the_thread_sanitizer_sees_races) {
  for (const auto kernel : {neighbor<false>, races, adds_in_any_order}) {
    const End end = end_of([kernel] { in_order(Order::forward, kernel); });
    BOOST_TEST(end.said.find("ThreadSanitizer: data race") != end.said.npos, end.said);
  }
}
#else
BOOST_AUTO_TEST_CASE(a_missing_barrier_shows) {
  BOOST_TEST(std::isnan(in_order(Order::forward, neighbor<false>)[0]));  // its neighbor is not there yet
  BOOST_TEST(in_order(Order::reverse, neighbor<false>)[0] == 1.0F);
}

BOOST_AUTO_TEST_CASE(a_race_shows_in_another_order) {
  BOOST_TEST(in_order(Order::forward, races)[0] == 63.0F);
  BOOST_TEST(in_order(Order::reverse, races)[0] == 0.0F);
}

BOOST_AUTO_TEST_CASE(an_order_dependent_atomic_shows_in_another_order) {
  BOOST_TEST(in_order(Order::forward, adds_in_any_order)[0] == 1.0F);
  BOOST_TEST(in_order(Order::reverse, adds_in_any_order)[0] > 1.0F);
  BOOST_TEST(in_order(Order::shuffled, adds_in_any_order)[0] > 1.0F);
}
#endif

#if defined(__SANITIZE_ADDRESS__)
BOOST_AUTO_TEST_CASE(the_address_sanitizer_sees_what_is_beyond_memory) {
  for (const auto kernel : {reads_beyond_a_row, writes_beyond_its_memory}) {
    const End end = end_of([kernel] { row_sums(kernel); });
    BOOST_TEST(end.said.find("AddressSanitizer: heap-buffer-overflow") != end.said.npos, end.said);
  }
}
#else
BOOST_AUTO_TEST_CASE(a_read_beyond_the_last_row_gives_no_number) {
  BOOST_TEST(std::isnan(row_sums(reads_beyond_a_row)[rows - 1]));
}

BOOST_AUTO_TEST_CASE(a_write_beyond_memory_ends_the_program) {
  BOOST_TEST(dies([] { row_sums(writes_beyond_its_memory); }, "memory beyond an allocation of 80 bytes was written"));
}
#endif

BOOST_AUTO_TEST_CASE(a_wrong_stride_of_a_tensor_core_shows) {
  for (const float number : tile_products(multiplies_tiles<pitch>).numbers) BOOST_TEST(number == 32.0F);
  const Products wrong = tile_products(multiplies_tiles<16>);  // reads what lies between the rows, which is no number
  BOOST_TEST(std::any_of(wrong.numbers.begin(), wrong.numbers.end(), [](float number) { return std::isnan(number); }));
  BOOST_TEST(dies([] { tile_products(multiplies_tiles<20>); }, "a pitch that is no multiple of 16 bytes"));
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
