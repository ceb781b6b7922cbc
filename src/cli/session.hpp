// What several commands open: the experiment, its data, the device, and the signals that stop a job.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "cli/commands.hpp"
#include "cli/progress.hpp"
#include "data/image_store.hpp"
#include "nas/experiment.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// The backend of `--device` with `--threads` and `--kernels`; where the choice was left to a build with CUDA, the user is
/// told which and why, and so where there are no such kernels and own ones compute. Throws Error when the build or the
/// machine has no such device, or the device not this precision. `choices` become those of the kernels `best`, if they are
/// what computes.
std::unique_ptr<Backend> open_backend(const MachineArguments& arguments, Precision precision = Precision::f32,
                                      std::shared_ptr<KernelChoices>* choices = nullptr);

/// Which kernels open_backend() takes on a GPU: those asked for, or own ones where there are no others, and why.
std::pair<Kernels, std::string> usable_kernels(const MachineArguments& arguments);

/// An experiment and its data set; the user is told through `progress`.
struct Session {
  Session(const ExperimentArguments& arguments, bool quiet);

  /// The images, of which training will ask for `draws`. The session must outlive the store.
  ImageStore open_store(std::int64_t draws);

  ProgressDisplay progress;
  Experiment experiment;
  std::shared_ptr<const Dataset> dataset;
};

/// "train" | "validation" | "test"; throws Error.
Split parse_split(const std::string& name);

/// Throws Error unless `directory` is new or an empty folder: nothing of the user's is ever overwritten.
void refuse_existing(const std::string& option, const std::filesystem::path& directory);

/// Throws Error unless `file` ends in `extension` and its folder is there: before the work, and before an experiment or
/// a photo is overwritten by mistake.
void check_output_file(const std::string& option, const std::filesystem::path& file, const std::string& extension);

/// From now on SIGINT and SIGTERM set the flag; a second one of the same kind ends the process at once.
const std::atomic<bool>& catch_interrupts();

}  // namespace danas
