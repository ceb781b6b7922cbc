#include <boost/test/unit_test.hpp>
#include <cstdint>

#include "base/error.hpp"
#include "tensor/arena.hpp"
#include "tensor/reference_backend.hpp"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

struct CountingBackend : ReferenceBackend<float> {
  void* allocate(std::size_t bytes) override {
    ++allocations;
    return ReferenceBackend<float>::allocate(bytes);
  }
  void release(void* memory) noexcept override {
    ++releases;
    ReferenceBackend<float>::release(memory);
  }
  int allocations = 0, releases = 0;
};

constexpr std::int64_t large = 700 * 1024;  // floats: more than the smallest block

}  // namespace

BOOST_AUTO_TEST_CASE(arena_memory_is_aligned_and_apart) {
  CountingBackend backend;
  Arena arena(backend);
  std::vector<View> views;
  for (int i = 0; i < 200; ++i) {
    views.push_back(arena.take(1 + i % 3, 2, 3, i * 37 % 5000));
    BOOST_REQUIRE(views.back().present());
    BOOST_REQUIRE_EQUAL(reinterpret_cast<std::uintptr_t>(views.back().data) % 64, 0u);
    for (std::int64_t k = 0; k < views.back().size(); ++k) set(views.back(), k, i);
  }
  for (int i = 0; i < 200; ++i)
    for (std::int64_t k = 0; k < views[static_cast<std::size_t>(i)].size(); ++k)
      BOOST_REQUIRE_EQUAL(get(views[static_cast<std::size_t>(i)], k), i);
  const Filter filter = arena.take_filter(3, 3, 4, 5);
  BOOST_CHECK(filter.dense() && filter.size() == 180);
}

BOOST_AUTO_TEST_CASE(arena_rewinds_to_a_mark) {
  CountingBackend backend;
  Arena arena(backend);
  const View kept = arena.take_vector(10);
  set(kept, 3, 42);
  const Arena::Mark mark = arena.mark();
  const View first = arena.take_vector(100);
  arena.take_vector(large);
  arena.rewind(mark);
  BOOST_CHECK_EQUAL(arena.take_vector(100).data, first.data);
  BOOST_CHECK_EQUAL(get(kept, 3), 42);
  arena.rewind(mark);
  {
    const ArenaScope scope(arena);
    BOOST_CHECK_EQUAL(arena.take_vector(50).data, first.data);
  }
  BOOST_CHECK_EQUAL(arena.take_vector(50).data, first.data);
}

BOOST_AUTO_TEST_CASE(the_ends_of_an_arena_are_stacks_of_their_own) {
  CountingBackend backend;
  Arena arena(backend);
  constexpr Arena::End low = Arena::End::low, high = Arena::End::high;
  arena.reserve(8 * 64);
  const View first = arena.take_vector(16), last = arena.take(1, 1, 1, 16, high);
  BOOST_CHECK_EQUAL(last.as<std::byte>() - first.as<std::byte>(), 7 * 64);
  const Arena::Mark low_mark = arena.mark(low), high_mark = arena.mark(high);
  const View second = arena.take_like(first), before_last = arena.take(1, 1, 1, 20, high);
  BOOST_CHECK_EQUAL(second.as<std::byte>() - first.as<std::byte>(), 64);
  BOOST_CHECK_EQUAL(last.as<std::byte>() - before_last.as<std::byte>(), 2 * 64);
  arena.rewind(low_mark, low);
  BOOST_CHECK_EQUAL(arena.take_vector(48).data, second.data);
  BOOST_CHECK_THROW(arena.take(1, 1, 1, 17, high), Error);
  arena.rewind(high_mark, high);
  BOOST_CHECK_EQUAL(arena.take(1, 1, 1, 32, high).data, before_last.data);
  arena.take(1, 1, 1, 16, high);
  BOOST_CHECK_THROW(arena.take_vector(1), Error);
  BOOST_CHECK(low_mark < arena.mark(low) && high_mark < arena.mark(high));
  BOOST_CHECK_EQUAL(arena.peak_bytes(), 8u * 64);
}

// Blocks that were taken from both ends are one after a reset, and hold the same.
BOOST_AUTO_TEST_CASE(both_ends_of_an_arena_grow) {
  CountingBackend backend;
  Arena arena(backend);
  const auto step = [&] {
    arena.reset();
    std::vector<View> views;
    const Arena::Mark mark = arena.mark(Arena::End::high);
    for (int i = 0; i < 6; ++i)
      views.push_back(arena.take(1, 1, 1, large / 2, i % 2 == 0 ? Arena::End::high : Arena::End::low));
    for (std::size_t i = 0; i < views.size(); ++i) set(views[i], large / 2 - 1, static_cast<double>(i));
    for (std::size_t i = 0; i < views.size(); ++i) BOOST_CHECK_EQUAL(get(views[i], large / 2 - 1), i);
    arena.rewind(mark, Arena::End::high);
    arena.take(1, 1, 1, large / 2, Arena::End::high);
  };
  step();
  BOOST_CHECK_GT(backend.allocations, 1);
  for (int i = 0; i < 3; ++i) step();
  BOOST_CHECK_EQUAL(backend.allocations - backend.releases, 1);
  BOOST_CHECK_EQUAL(arena.peak_bytes(), 6 * (large / 2) * sizeof(float));
}

BOOST_AUTO_TEST_CASE(arena_mark_before_the_first_block_gives_all_back) {
  CountingBackend backend;
  Arena arena(backend);
  const Arena::Mark mark = arena.mark();
  const View first = arena.take_vector(10);
  arena.take_vector(large);
  arena.rewind(mark);
  BOOST_CHECK_EQUAL(arena.take_vector(10).data, first.data);
}

BOOST_AUTO_TEST_CASE(arena_steps_do_not_allocate_after_the_first) {
  CountingBackend backend;
  {
    Arena arena(backend);
    const auto step = [&] {
      arena.reset();
      arena.take_vector(10);
      const ArenaScope scope(arena);
      for (int i = 0; i < 6; ++i) arena.take_vector(large / 2);
    };
    step();
    BOOST_CHECK_GT(backend.allocations, 1);
    step();
    const int allocations = backend.allocations;
    BOOST_CHECK_EQUAL(backend.allocations - backend.releases, 1);
    for (int i = 0; i < 5; ++i) step();
    BOOST_CHECK_EQUAL(backend.allocations, allocations);
    BOOST_CHECK_EQUAL(arena.peak_bytes(), 64u + 6 * (large / 2) * sizeof(float));
  }
  BOOST_CHECK_EQUAL(backend.allocations, backend.releases);
}

BOOST_AUTO_TEST_CASE(reserved_memory_is_all_there_is) {
  CountingBackend backend;
  Arena arena(backend);
  arena.take_vector(10);
  BOOST_CHECK_THROW(arena.reserve(64), Error);  // something is taken
  arena.reset();
  const std::size_t bytes = 4 * large + 64;
  arena.reserve(bytes);
  BOOST_CHECK_EQUAL(backend.allocations - backend.releases, 1);
  const int allocations = backend.allocations;
  const View first = arena.take_vector(large);
  const View second = arena.take_vector(16);
  BOOST_CHECK_THROW(arena.take_vector(1), Error);
  arena.reset();
  BOOST_CHECK_EQUAL(arena.take_vector(large).data, first.data);
  BOOST_CHECK_EQUAL(arena.take_vector(16).data, second.data);
  arena.reset();
  arena.reserve(128);  // less: it stays where it is
  BOOST_CHECK_EQUAL(arena.take_vector(32).data, first.data);
  BOOST_CHECK_THROW(arena.take_vector(1), Error);
  BOOST_CHECK_EQUAL(backend.allocations, allocations);
  BOOST_CHECK_EQUAL(arena.peak_bytes(), bytes);
}

BOOST_AUTO_TEST_CASE(tensors_are_zero_move_and_give_back) {
  CountingBackend backend;
  {
    Tensor first(backend, 2, 3, 4, 5);
    BOOST_CHECK_EQUAL(first.size(), 120);
    for (std::int64_t i = 0; i < first.size(); ++i) BOOST_REQUIRE_EQUAL(get(first.view(), i), 0);
    set(first.view(), 7, -1.5);
    Tensor second(std::move(first));
    BOOST_CHECK_EQUAL(get(second.view(), 7), -1.5);
    Tensor third;
    third = std::move(second);
    BOOST_CHECK_EQUAL(get(third.view(), 7), -1.5);
    third.clear();
    BOOST_CHECK_EQUAL(get(third.view(), 7), 0);
    const Tensor empty(backend, 0, 1, 1, 4);
    BOOST_CHECK(empty.view().present());
  }
  BOOST_CHECK_EQUAL(backend.allocations, 2);
  BOOST_CHECK_EQUAL(backend.releases, 2);
}

BOOST_AUTO_TEST_CASE(get_and_set_know_all_types) {
  double f64[2]{};
  std::uint8_t u8[2]{};
  set(vector_view(Type::f64, f64, 2), 1, 0.1);
  set(vector_view(Type::u8, u8, 2), 1, 200);
  BOOST_CHECK_EQUAL(get(vector_view(Type::f64, f64, 2), 1), 0.1);
  BOOST_CHECK_EQUAL(get(vector_view(Type::u8, u8, 2), 1), 200);
  BOOST_CHECK_EQUAL(f64[0] + u8[0], 0);
}
