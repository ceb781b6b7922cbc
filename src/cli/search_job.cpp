#include "cli/search_job.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "nas/run_names.hpp"
#include "report/report.hpp"
#include "results/run_files.hpp"

namespace danas {
namespace {

bool has_candidates(const std::filesystem::path& directory) {
  const auto file = RunFiles(directory).candidates();
  if (!std::filesystem::exists(file)) return false;
  const std::string content = read_file(file);
  return std::count(content.begin(), content.end(), '\n') > 1;  // more than the header
}

std::string resume_command(const SearchArguments& arguments, const std::filesystem::path& directory) {
  std::string command = "danas " + shell_path(arguments.experiment.file);
  command += " --resume " + shell_path(directory);
  if (arguments.machine.device.kind != DeviceKind::automatic)
    command += " --device " + device_text(arguments.machine.device);
  if (arguments.machine.kernels) command += fmt::format(" --kernels {}", name_of(*arguments.machine.kernels));
  for (const auto& change : arguments.experiment.set) command += " --set " + shell_word(change);
  return command;
}

}  // namespace

SearchOptions search_options(const SearchArguments& arguments, const std::string& name) {
  SearchOptions options;
  options.resume = arguments.resume;
  options.any_build = arguments.any_build;
  options.interrupt = &catch_interrupts();
  if (arguments.resume) {
    const auto& chosen = arguments.resume_directory;
    options.directory = chosen.empty() ? newest_run_directory(name) : chosen;
    if (!std::filesystem::is_directory(options.directory)) {
      throw expected("--resume " + options.directory.string(), "a run directory", "none");
    }
  } else if (!arguments.out.empty()) {
    refuse_existing("--out", arguments.out);
    options.directory = arguments.out;
  }
  return options;
}

SearchResult run_search_job(const Experiment& experiment, const MachineArguments& machine, SearchOptions options,
                            const JobPart& part) {
  std::shared_ptr<KernelChoices> choices;
  const auto backend = open_backend(machine, experiment.engine.precision, &choices);
  if (choices) options.opened = [&](const RunFiles& files) { choices->keep_in(files.kernels(), options.resume); };
  const std::string before = part.name.empty() ? "" : part.name + ": ";
  SearchResult result;
  {
    ProgressDisplay progress(machine.quiet);
    SearchObserver observer;
    observer.log = [&](const std::string& line) { progress.log(before + line); };
    observer.progress = [&](const std::string& what, std::int64_t done, std::int64_t total, double share) {
      progress.update(before + what, done, total, part.begin + share * (part.end - part.begin));
    };
    result = run_search(experiment, *backend, options, observer);
  }
  const auto& directory = result.directory;
  if (!directory.empty() && has_candidates(directory)) write_report({directory}, RunFiles(directory).report());
  return result;
}

int tell_interrupted(const SearchArguments& arguments, const std::filesystem::path& directory) {
  if (!std::filesystem::exists(directory))
    print("interrupted before the search began; the same command starts it again\n");
  else
    print("interrupted; everything so far is in {}\ncontinue with: {}\n", directory.string(),
          resume_command(arguments, directory));
  return static_cast<int>(Fault::interrupted);
}

}  // namespace danas
