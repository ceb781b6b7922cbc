#include <algorithm>
#include <cstdio>
#include <fmt/core.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "cli/summary.hpp"
#include "nas/run_names.hpp"
#include "nas/search.hpp"
#include "report/report.hpp"
#include "results/run_files.hpp"

namespace danas {
namespace {

SearchOptions search_options(const SearchArguments& arguments, const Experiment& experiment) {
  SearchOptions options;
  options.resume = arguments.resume;
  options.any_build = arguments.any_build;
  options.interrupt = &catch_interrupts();
  if (arguments.resume) {
    const auto& chosen = arguments.resume_directory;
    options.directory = chosen.empty() ? newest_run_directory(experiment.name) : chosen;
    if (!std::filesystem::is_directory(options.directory)) {
      throw expected("--resume " + options.directory.string(), "a run directory", "none");
    }
  } else if (!arguments.out.empty()) {
    refuse_existing("--out", arguments.out);
    options.directory = arguments.out;
  }
  return options;
}

bool has_candidates(const std::filesystem::path& directory) {
  const auto file = RunFiles(directory).candidates();
  if (!std::filesystem::exists(file)) return false;
  const std::string content = read_file(file);
  return std::count(content.begin(), content.end(), '\n') > 1;  // more than the header
}

std::string resume_command(const SearchArguments& arguments, const std::filesystem::path& directory) {
  std::string command = "danas " + shell_path(arguments.experiment.file);
  command += " --resume " + shell_path(directory);
  if (arguments.machine.kernels) command += fmt::format(" --kernels {}", name_of(*arguments.machine.kernels));
  for (const auto& change : arguments.experiment.set) command += " --set " + shell_word(change);
  return command;
}

}  // namespace

int command_search(const SearchArguments& arguments) {
  const Experiment experiment = read_experiment(arguments.experiment.file, arguments.experiment.set);
  std::shared_ptr<KernelChoices> choices;
  const auto backend = open_backend(arguments.machine, experiment.engine.precision, &choices);
  SearchOptions options = search_options(arguments, experiment);
  if (choices) options.opened = [&](const RunFiles& files) { choices->keep_in(files.kernels(), options.resume); };

  SearchResult result;
  {
    ProgressDisplay progress(arguments.machine.quiet);
    SearchObserver observer;
    observer.log = [&](const std::string& line) { progress.log(line); };
    observer.progress = [&](const std::string& what, std::int64_t done, std::int64_t total, double share) {
      progress.update(what, done, total, share);
    };
    result = run_search(experiment, *backend, options, observer);
  }
  const auto& directory = result.directory;
  if (!directory.empty() && has_candidates(directory)) write_report({directory}, RunFiles(directory).report());
  if (result.interrupted && !std::filesystem::exists(directory)) {
    print("interrupted before the search began; the same command starts it again\n");
    return static_cast<int>(Fault::interrupted);
  }
  if (result.interrupted) {
    print("interrupted; everything so far is in {}\ncontinue with: {}\n", directory.string(),
          resume_command(arguments, directory));
    return static_cast<int>(Fault::interrupted);
  }
  print_lines(search_summary(directory, experiment.device));
  return 0;
}

}  // namespace danas
