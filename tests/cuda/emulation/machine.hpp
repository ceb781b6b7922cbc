// Kernels on the CPU, for tests: every thread of a block is a fiber that runs until a barrier, a meeting of its warp or its
// end; blocks run one after another on the calling thread. Checked: barriers and meetings that some threads never reach
// or that are not the same, limits of a launch, shared memory that nobody wrote (NaN at the start of every block). The
// address sanitizer sees accesses beyond an array, the thread sanitizer races between the threads of a block: only
// barriers order them.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace danas::emulation {

/// Who goes first: the threads of a block after a barrier, the blocks of a grid.
enum class Order { forward, reverse, shuffled };
void set_order(Order order);

/// Where the thread at hand is.
struct Place {
  dim3 thread{0, 0, 0}, block{0, 0, 0}, block_size, grid_size;
};
extern Place place;

/// Whether a GPU takes such a launch.
bool within_limits(dim3 grid, dim3 block);

/// Runs every thread of the grid. What a kernel does wrong ends the program with a line that says so.
void run(const std::string& kernel, dim3 grid, dim3 block, const std::function<void()>& thread);

/// __syncthreads() at that line of the source.
void barrier(unsigned line);

/// Where the 32 threads of a warp meet, at that line: the last one to come does `work`, if any, with what all of them have
/// brought, in their order.
void meet_warp(unsigned line, void* brought, void (*work)(void** all));
unsigned lane();  ///< of the thread at hand in its warp

/// Ends the program where a kernel does what it must not.
void check(bool condition, const char* what, unsigned line);

/// Shared memory of one declaration: filled with NaN for every block. `block` is the declaration's own.
void* shared_memory(std::size_t bytes);
void begin_shared(void* memory, std::size_t bytes, unsigned long& block);

}  // namespace danas::emulation
