// The search: strategy → supernet of the data configuration → slice, fine-tuning, metrics → run directory.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "nas/experiment.hpp"
#include "results/run_files.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// What the search tells its user, as it goes. All functions may be empty.
struct SearchObserver {
  std::function<void(const std::string& line)> log;  ///< one finished fact a line (also in log.txt)
  /// Something is `done` of `total` through; `share` is the estimated share of the whole search done, in [0, 1].
  std::function<void(const std::string& what, std::int64_t done, std::int64_t total, double share)> progress;
};

struct SearchOptions {
  std::filesystem::path directory;  ///< of the run: existing for a resume, else to be created; empty: a new one in runs
  bool resume = false;
  bool any_build = false;                        ///< resume a run that another build began
  const std::atomic<bool>* interrupt = nullptr;  ///< set by Ctrl-C: the search stops at the next step, all saved
  /// Told the files of the run that is begun or gone on with, ahead of any computing; may throw Error.
  std::function<void(const RunFiles&)> opened;
  double state_seconds = 30;               ///< a supernet's unfinished training is saved this often
  std::filesystem::path shared_supernets;  ///< folder of those that runs have in common; empty: none
};

struct SearchResult {
  bool interrupted = false;
  std::filesystem::path directory;  ///< empty or not there if the interrupt came before the images were cached
  std::string summary_json;         ///< as in summary.json
};

/// Runs (or continues) the search, trains and tests the front, writes everything but report.html.
SearchResult run_search(const Experiment& experiment, Backend& backend, const SearchOptions& options,
                        const SearchObserver& observer);

}  // namespace danas
