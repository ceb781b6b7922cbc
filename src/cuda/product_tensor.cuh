// Products of 16-bit factors on tensor cores (WMMA 16×16×16, f32 accumulators). A block of 4 warps makes a tile of 64 rows
// and 16, 32 or 64 columns, a warp 16 rows of it. Of each factor two slabs of 32 numbers in depth are in shared memory, the
// one that is multiplied and the one that is under way from memory by way of registers: 12 to 20 KiB, with 8 numbers
// between rows against conflicts of banks; 52 to 105 registers on sm_80, so that four blocks of 1×1 products fit an SM. The
// sums leave through the same memory, 16 rows of a warp at a time, so that they are written 128 bits at a time. A factor is
// read width/64 (height/64) times from memory and its caches. Every sum is over k in its order, 16 at a time as the tensor
// core adds them.
#pragma once

#include "cuda/product.cuh"

namespace danas::cuda {

constexpr int tensor_threads = 128, tensor_height = 64, tensor_depth = 32;

/// Whether the architecture that is compiled for multiplies such numbers: bfloat16 from sm_80 on.
template <class Element>
inline constexpr bool tensor_element = true;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
template <>
inline constexpr bool tensor_element<__nv_bfloat16> = false;
#endif

/// A slab of a factor in shared memory, [extent][depth] where that lies along its depth, else [depth][extent]. A thread
/// carries `held` vectors of it.
template <class Element, bool along_depth, int extent>
struct TensorSlab {
  static constexpr int size = Vector<Element>::size, minor = along_depth ? tensor_depth : extent,
                       major = along_depth ? extent : tensor_depth, pitch = minor + size, numbers = major * pitch,
                       vectors = major * minor / size, held = (vectors + tensor_threads - 1) / tensor_threads;

  /// at(major, minor) of the factor for every vector of this thread.
  template <class At>
  __device__ static void fetch(Vector<Element> (&carried)[held], const At& at) {
    GPU_UNROLL
    for (int i = 0; i < held; ++i) {
      const int which = static_cast<int>(threadIdx.x) + i * tensor_threads;
      if (which < vectors) carried[i] = at(which / (minor / size), which % (minor / size) * size);
    }
  }
  __device__ static void put(const Vector<Element> (&carried)[held], Element* slab) {
    GPU_UNROLL
    for (int i = 0; i < held; ++i) {
      const int which = static_cast<int>(threadIdx.x) + i * tensor_threads;
      const int at = which / (minor / size) * pitch + which % (minor / size) * size;
      if (which < vectors) *reinterpret_cast<Vector<Element>*>(slab + at) = carried[i];
    }
  }
  /// Where the part of 16 by 16 numbers begins.
  __device__ static const Element* part(const Element* slab, int i, int k) {
    return slab + (along_depth ? i * pitch + k : k * pitch + i);
  }
};

/// A tile of sums: what lies where in shared memory, which the factors pass through first, the sums on their way out next.
template <int width, class Element, class Problem>
struct TensorTile {
  using Left = TensorSlab<Element, Problem::left_along_depth, tensor_height>;
  using Right = TensorSlab<Element, Problem::right_along_depth, width>;
  static constexpr int size = Vector<Element>::size, pitch = width + 4, slabs = Left::numbers + Right::numbers;
  static constexpr int slab_bytes = 2 * slabs * int(sizeof(Element)),
                       staged_bytes = tensor_height * pitch * int(sizeof(float)),
                       bytes = slab_bytes > staged_bytes ? slab_bytes : staged_bytes;

  /// Stages the sums of the rows from `top` and the columns from `first` on, those of each warp for itself.
  __device__ static void multiply(const Problem& problem, unsigned char* memory, int top, int first) {
    using nvcuda::wmma::fragment;
    using LeftLayout = Choose<Problem::left_along_depth, nvcuda::wmma::row_major, nvcuda::wmma::col_major>;
    using RightLayout = Choose<Problem::right_along_depth, nvcuda::wmma::col_major, nvcuda::wmma::row_major>;
    constexpr int across = width / 16;
    Element* const buffers = reinterpret_cast<Element*>(memory);
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int begin = static_cast<int>(blockIdx.z) * problem.part;
    const int end = problem.depth - begin < problem.part ? problem.depth : begin + problem.part;

    Vector<Element> left[Left::held], right[Right::held];
    const auto fetch = [&](int slab) {
      Left::fetch(left, [&](int major, int minor) {
        const bool inside = Problem::left_along_depth ? top + major < problem.height : slab + major < end;
        if (!inside) return Vector<Element>{};
        return Problem::left_along_depth ? problem.left(top + major, slab + minor)
                                         : problem.left(slab + major, top + minor);
      });
      Right::fetch(right, [&](int major, int minor) {
        const bool inside = Problem::right_along_depth ? first + major < problem.width : slab + major < end;
        if (!inside) return Vector<Element>{};
        return Problem::right_along_depth ? problem.right(first + major, slab + minor)
                                          : problem.right(slab + major, first + minor);
      });
    };
    const auto put = [&](Element* buffer) {
      Left::put(left, buffer);
      Right::put(right, buffer + Left::numbers);
    };

    fragment<nvcuda::wmma::accumulator, 16, 16, 16, float> sums[across];
    for (auto& each : sums) nvcuda::wmma::fill_fragment(each, 0.0f);
    fetch(begin);
    put(buffers);
    __syncthreads();
    for (int slab = begin, turn = 0; slab < end; slab += tensor_depth, turn = 1 - turn) {
      const bool more = slab + tensor_depth < end;
      if (more) fetch(slab + tensor_depth);
      const Element *const a = buffers + turn * slabs, *const b = a + Left::numbers;
      GPU_UNROLL
      for (int k = 0; k < tensor_depth; k += 16) {
        if (slab + k >= end) break;
        fragment<nvcuda::wmma::matrix_a, 16, 16, 16, Element, LeftLayout> down;
        nvcuda::wmma::load_matrix_sync(down, Left::part(a, 16 * warp, k), Left::pitch);
        GPU_UNROLL
        for (int j = 0; j < across; ++j) {
          fragment<nvcuda::wmma::matrix_b, 16, 16, 16, Element, RightLayout> over;
          nvcuda::wmma::load_matrix_sync(over, Right::part(b, 16 * j, k), Right::pitch);
          nvcuda::wmma::mma_sync(sums[j], down, over, sums[j]);
        }
      }
      if (more) put(buffers + (1 - turn) * slabs);
      __syncthreads();
    }

    float* const staged = reinterpret_cast<float*>(memory) + 16 * warp * pitch;
    GPU_UNROLL
    for (int j = 0; j < across; ++j)
      nvcuda::wmma::store_matrix_sync(staged + 16 * j, sums[j], pitch, nvcuda::wmma::mem_row_major);
    __syncwarp();
  }

  /// store(m, n, numbers) of every vector of this thread: of the columns from threadIdx.x % (width/size)·size on.
  template <class Store>
  __device__ static void each_vector(const Problem& problem, const unsigned char* memory, int top, int first,
                                     const Store& store) {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    const float* const staged = reinterpret_cast<const float*>(memory) + 16 * warp * pitch;
    for (int which = lane; which < 16 * width / size; which += 32) {
      const int row = which / (width / size), column = which % (width / size) * size;
      const int m = top + 16 * warp + row, n = first + column;
      if (m >= problem.height || n >= problem.width) continue;
      float numbers[size];
      GPU_UNROLL
      for (int j = 0; j < size; ++j) numbers[j] = staged[row * pitch + column + j];
      store(m, n, numbers);
    }
  }
};

template <int width, class Element, class Problem>
__global__ void __launch_bounds__(tensor_threads, Problem::plain ? 4 : 3) product_tensor(Problem problem) {
  if constexpr (tensor_element<Element>) {
    using T = TensorTile<width, Element, Problem>;
    constexpr int size = T::size;
    GPU_SHARED(unsigned char, memory, [T::bytes]);
    const int first = static_cast<int>(blockIdx.y) * width;
    if constexpr (!Problem::summed) {
      const int top = static_cast<int>(blockIdx.x) * tensor_height;
      T::multiply(problem, memory, top, first);
      T::each_vector(problem, memory, top, first,
                     [&](int m, int n, float(&numbers)[size]) { problem.store(m, n, numbers); });
    } else {
      GPU_SHARED(float, centers, [width]);
      const int thread = static_cast<int>(threadIdx.x), column = thread % (width / size) * size;
      const int tall = problem.tiles * tensor_height, from = static_cast<int>(blockIdx.x) * tall;
      const int to = problem.height - from < tall ? problem.height : from + tall;
      float sums[2][size] = {};
      for (int top = from; top < to; top += tensor_height) {
        T::multiply(problem, memory, top, first);
        if (Problem::centered && top == from) {
          __syncthreads();
          if (thread < width) centers[thread] = reinterpret_cast<const float*>(memory)[thread];
          __syncthreads();
        }
        T::each_vector(problem, memory, top, first, [&](int m, int n, float(&numbers)[size]) {
          problem.store(m, n, numbers, centers + column, sums);
        });
        __syncthreads();
      }
      leave_sums<width, tensor_threads>(problem, sums, centers, reinterpret_cast<double(*)[size]>(memory), to - from,
                                        first);
    }
  }
}

}  // namespace danas::cuda
