// The kernels as GPUs run them, from the cubins in the folder $DANAS_CUBINS: nothing in local memory, registers and shared
// memory within what occupancy needs, wide accesses where a kernel's comment claims them.
#define BOOST_TEST_MODULE machine_code
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "cubin.hpp"

using namespace danas::test;

namespace {

/// What a kernel may take; those of a name that begins so.
struct Bound {
  const char* kernel;
  int registers, shared_bytes;
  int threads;   ///< of a block, as it is launched
  int resident;  ///< threads that a multiprocessor holds at least, so that loads hide each other
  std::map<std::string, int> instructions = {};  ///< so many at least
};

constexpr int most_registers = 65536,
              reserved_bytes = 1024;  // of a multiprocessor; of a block's shared memory, by CUDA

// Of products: tiles of the factors, and a number for each column of those that leave sums.
const std::vector<Bound> bounds{
    {"product_f32<danas::cuda::Tile<64>", 96, 8704 + 256, 128, 640, {{"LDS.128", 3}}},
    {"product_f32<danas::cuda::Tile<32>", 96, 10752 + 128, 128, 640, {{"LDS.128", 3}}},
    {"product_f32<danas::cuda::Tile<16>", 96, 17920 + 64, 128, 384, {{"LDS.128", 3}}},
    // Gathered factors: three blocks to a multiprocessor.
    {"product_tensor<64, __half, danas::cuda::MomentsProduct<__half, danas::cuda::SeenRows", 168, 20480, 128, 384},
    {"product_tensor<64, __half, danas::cuda::FilterProduct<__half, danas::cuda::SeenRows<__half>, danas::cuda::GradientRows",
     168, 20480, 128, 384},
    {"product_tensor<64, __nv_bfloat16, danas::cuda::MomentsProduct<__nv_bfloat16, danas::cuda::SeenRows", 168, 20480,
     128, 384},
    {"product_tensor<64, __nv_bfloat16, danas::cuda::FilterProduct<__nv_bfloat16, danas::cuda::SeenRows<__nv_bfloat16>, danas::cuda::GradientRows",
     168, 20480, 128, 384},
    {"product_tensor<64, __half", 128, 20480, 128, 384, {{"HMMA", 16}, {"LDG.128", 8}, {"STG.128", 1}}},
    {"product_tensor<32, __half", 128, 15360 + 128, 128, 384, {{"HMMA", 8}, {"LDG.128", 6}, {"STG.128", 1}}},
    {"product_tensor<16, __half", 128, 13312 + 64, 128, 384, {{"HMMA", 4}, {"LDG.128", 6}, {"STG.128", 1}}},
    {"product_tensor<", 128, 20480, 128, 384},  // of bfloat16, before sm_80 empty
    {"channel_parts<danas::cuda::GradientSums", 80, 16384, 256, 768, {{"LDG.128", 2}}},
    {"channel_parts<", 64, 16384, 256, 768},
    {"totals_of_parts<", 64, 4096, 256, 1024},
    {"pool_pixels<", 64, 16384, 256, 768},
    {"depthwise_moments<", 128, 8192 + 128, 256, 512},
    {"depthwise_gradients<", 96, 2048, 128, 640},
    {"depthwise_filter_parts", 64, 8192, 256, 1024},
    {"row_losses", 64, 4096, 256, 1024},
    {"count_rows", 64, 2048, 128, 128},
    {"multiply_add_loop", 64, 0, 256, 1024},
    {"for_each<danas::cuda::Triad>", 64, 0, 256, 1024, {{"LDG.128", 2}, {"STG.128", 1}}},
    {"for_each<danas::cuda::Depthwise", 80, 0, 256, 768},
    {"for_each<danas::cuda::NormalizeBackward", 80, 0, 256, 768, {{"LDG.128", 3}, {"STG.128", 1}}},
    {"for_each<", 64, 0, 256, 1024},
    {"", 128, 48 << 10, 256, 512},  // another one, until it says what it needs
};

const Bound& bound_of(const KernelCode& kernel) {
  const std::string own = kernel.name.substr(kernel.name.starts_with("danas::cuda::") ? 13 : 0);
  return *std::find_if(bounds.begin(), bounds.end(), [&](const Bound& each) { return own.starts_with(each.kernel); });
}

/// Shared memory and threads of a multiprocessor (CUDA C++ Programming Guide, "Technical Specifications per Compute
/// Capability").
int shared_of(int architecture) {
  switch (architecture) {
    case 70: return 96 << 10;
    case 75: return 64 << 10;
    case 80: return 164 << 10;
    case 86:
    case 89:
    case 120: return 100 << 10;
    default: return 228 << 10;
  }
}
int threads_of(int architecture) {
  if (architecture == 75) return 1024;
  return architecture == 86 || architecture == 89 || architecture == 120 ? 1536 : 2048;
}

/// Threads that a multiprocessor holds of a kernel.
int resident_threads(const KernelCode& kernel, int threads, int architecture) {
  const int registers = (kernel.registers + 7) / 8 * 8 * threads;  // are given in eights
  int blocks = std::min(most_registers / registers, threads_of(architecture) / threads);
  if (kernel.shared_bytes > 0) blocks = std::min(blocks, shared_of(architecture) / kernel.shared_bytes);
  return blocks * threads;
}

void check(const KernelCode& kernel, int architecture) {
  const Bound& bound = bound_of(kernel);
  const int resident = resident_threads(kernel, bound.threads, architecture);
  BOOST_TEST_MESSAGE("sm_" << architecture << ' ' << kernel.registers << " registers, " << kernel.shared_bytes
                           << " bytes shared, " << resident << " threads a multiprocessor: " << kernel.name);
  BOOST_TEST(kernel.stack_bytes == 0);
  BOOST_TEST(kernel.registers > 0);
  BOOST_TEST(kernel.registers <= bound.registers);
  BOOST_TEST(kernel.shared_bytes <= bound.shared_bytes + reserved_bytes);
  BOOST_TEST(resident >= std::min(bound.resident, threads_of(architecture)));
  if (kernel.most_threads > 0) BOOST_TEST(kernel.most_threads >= bound.threads);
  for (const auto& [instruction, count] : kernel.instructions)
    BOOST_TEST(!(instruction.starts_with("LDL") || instruction.starts_with("STL")), instruction << ": " << count);
  if (kernel.instructions.empty()) return;
  for (const auto& [instruction, count] : bound.instructions) {
    const auto found = kernel.instructions.find(instruction);
    BOOST_TEST((found != kernel.instructions.end() && found->second >= count), instruction);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(kernels_keep_their_bounds) {
  const char* const folder = std::getenv("DANAS_CUBINS");
  BOOST_TEST_REQUIRE(folder != nullptr);
  std::set<std::string> seen;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.path().extension() != ".cubin") continue;
    const Cubin cubin = read_cubin(file.path());
    BOOST_TEST((cubin.architecture >= 70 && cubin.architecture <= 130), cubin.architecture);
    for (const KernelCode& kernel : cubin.kernels) {
      seen.insert(bound_of(kernel).kernel);
      BOOST_TEST_CONTEXT(file.path().filename() << ", " << kernel.name) check(kernel, cubin.architecture);
    }
  }
  for (const Bound& each : bounds)
    if (*each.kernel != '\0') BOOST_TEST(seen.contains(each.kernel), each.kernel);
}
