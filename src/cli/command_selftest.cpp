#include <cstdio>
#include <fmt/core.h>
#include <vector>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/session.hpp"
#include "cuda/cuda.hpp"
#include "tensor/selftest.hpp"

namespace danas {

namespace {

// The number of operations that failed.
int test_device(Backend& device) {
  const Type type = device.activation_type();
  const auto reference = make_reference_backend(type == Type::f32 ? Type::f64 : type);
  fmt::print("{} against {}\n", device.name(), reference->name());
  int cases = 0, failed = 0;
  for (const SelftestRow& row : selftest(device, *reference)) {
    fmt::print("{:<6} {:<36} error {:.2e}, allowed {:.0e}, {} cases; worst: {}\n", row.passed() ? "passed" : "FAILED",
               row.op, row.worst_error, row.tolerance, row.cases, row.worst_case);
    cases += row.cases;
    failed += row.passed() ? 0 : 1;
  }
  if (cases == 0) throw Error("selftest", "expected at least one case, got none", Fault::failure);
  return failed;
}

int test_precisions(const MachineArguments& arguments) {
  const auto device = open_backend(arguments);
  int failed = test_device(*device);
  if (!device->host_memory()) {
    failed += test_device(*open_backend(arguments, Precision::f16));
    if (cuda_computes(arguments.device.gpu, Type::bf16))
      failed += test_device(*open_backend(arguments, Precision::bf16));
  }
  return failed;
}

// The same by the kernels of cuDNN, where it is there.
int test_cudnn(MachineArguments arguments) {
  if (cuda_devices().count == 0 || arguments.device.kind == DeviceKind::cpu) return 0;
  if (const CudnnFound found = find_cudnn(arguments.device.gpu); found.version.empty()) {
    fmt::print("skipped: kernels of cuDNN: {}\n", found.why_none);
    return 0;
  }
  arguments.kernels = Kernels::cudnn;
  return test_precisions(arguments);
}

}  // namespace

int command_selftest(const MachineArguments& arguments) {
  int failed = test_precisions(arguments);
  if (!arguments.kernels) failed += test_cudnn(arguments);
  fmt::print("{}\n", failed == 0 ? "all operations passed" : fmt::format("{} operations failed", failed));
  return failed == 0 ? 0 : static_cast<int>(Fault::failure);
}

}  // namespace danas
