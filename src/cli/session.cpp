#include "cli/session.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fmt/core.h>
#include <optional>

#include "base/error.hpp"
#include "base/number.hpp"
#include "base/utf8.hpp"
#include "cuda/cuda.hpp"
#include "nas/system_trainer.hpp"

namespace danas {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

void note_interrupt(int) { interrupted = true; }

}  // namespace

DeviceChoice parse_device(const std::string& text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const auto kind = find_named<DeviceKind>(text.substr(0, colon));
  const auto gpu = colon < text.size() ? find_number<int>(text.substr(colon + 1)) : std::optional(0);
  if (!kind || !gpu || *gpu < 0 || (colon < text.size() && *kind != DeviceKind::cuda))
    throw expected("--device", "auto, cpu, cuda or cuda:N", "'" + text + "'");
  return {*kind, *gpu};
}

std::string device_text(const DeviceChoice& choice) {
  const std::string kind = name_of(choice.kind);
  return choice.kind == DeviceKind::cuda ? fmt::format("{}:{}", kind, choice.gpu) : kind;
}

std::pair<Kernels, std::string> usable_kernels(const MachineArguments& arguments) {
  const Kernels wanted = arguments.kernels.value_or(Kernels::own);
  if (wanted == Kernels::own) return {wanted, ""};
  const CudnnFound found = find_cudnn(arguments.device.gpu);
  if (!found.version.empty()) return {wanted, ""};
  return {Kernels::own, found.why_none};
}

std::unique_ptr<Backend> open_backend(const MachineArguments& arguments, Precision precision,
                                      std::shared_ptr<KernelChoices>* choices) {
  const auto [kind, gpu] = arguments.device;
  const CudaDevices cuda = kind == DeviceKind::cpu ? CudaDevices{} : cuda_devices();
  if (kind == DeviceKind::cuda && cuda.count == 0)
    throw Error("--device cuda", cuda.why_none + "; use cpu or auto", cuda.built ? Fault::failure : Fault::input);
  if (cuda.count == 0 && precision != Precision::f32)
    throw expected("engine.precision", "f32, which a CPU computes in",
                   std::string(name_of(precision)) + ": it takes a GPU");
  if (cuda.count == 0 && arguments.kernels.value_or(Kernels::own) != Kernels::own)
    throw expected("--kernels", "own, as a CPU has no others", name_of(*arguments.kernels));
  CudaSettings settings;
  if (cuda.count > 0) {
    const auto [kernels, why] = usable_kernels(arguments);
    settings.kernels = kernels;
    if (!why.empty() && !arguments.quiet) fmt::print(stderr, "danas: computing with own kernels: {}\n", printable(why));
  }
  if (settings.kernels == Kernels::best) settings.choices = std::make_shared<KernelChoices>();
  if (choices != nullptr) *choices = settings.choices;
  auto backend = cuda.count > 0 ? make_cuda_backend(gpu, activation_type(precision), settings)
                                : make_cpu_backend(arguments.threads);
  if (kind == DeviceKind::automatic && cuda.built && !arguments.quiet)
    fmt::print(stderr, "danas: computing on {}: {}\n", printable(backend->name()),
               cuda.count > 0 ? "there is a GPU (--device cpu chooses the CPU)" : cuda.why_none);
  return backend;
}

Session::Session(const ExperimentArguments& arguments, bool quiet)
    : progress(quiet), experiment(read_experiment(arguments.file, arguments.set)),
      dataset(open_dataset(experiment.data, experiment.seed, [this](std::int64_t done, std::int64_t total) {
        progress.update("reading images", done, total);
        if (done == total) progress.clear();
      })) {}

ImageStore Session::open_store(std::int64_t draws) {
  return ImageStore(dataset, experiment.data, image_use(experiment, draws),
                    [this](std::int64_t done, std::int64_t total) {
                      progress.update("caching images", done, total);
                      if (done == total) progress.clear();
                    });
}

Split parse_split(const std::string& name) {
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    if (name == split_name(split)) return split;
  }
  throw expected("--split", "train, validation or test", "'" + name + "'");
}

void refuse_existing(const std::string& option, const std::filesystem::path& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(directory, ignored))) return;
  if (std::filesystem::is_directory(directory, ignored) && std::filesystem::is_empty(directory, ignored)) return;
  throw expected(option + " " + directory.string(), "a folder that is new or empty", "one that is in use");
}

void check_output_file(const std::string& option, const std::filesystem::path& file, const std::string& extension) {
  if (file.extension() != extension) throw expected(option, "a file name that ends in " + extension, file.string());
  std::error_code ignored;
  const auto folder = std::filesystem::absolute(file).parent_path();
  if (!std::filesystem::is_directory(folder, ignored))
    throw expected(option + " " + file.string(), "a folder that exists", folder.string(), Fault::failure);
}

const std::atomic<bool>& catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = note_interrupt;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return interrupted;
}

}  // namespace danas
