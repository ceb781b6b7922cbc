// A search of seconds over synthetic scenes, and what it leaves, times aside.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "../temporary_folder.hpp"
#include "nas/search.hpp"

namespace danas::test {

/// Its seed and its scenes, which are cached in `folder`.
std::string tiny_data(const std::filesystem::path& folder);
/// Two data configurations.
std::string tiny_toml(const std::filesystem::path& folder);
Experiment tiny_experiment(const std::filesystem::path& folder, const std::vector<std::string>& overrides = {});

/// State is saved at every occasion.
SearchOptions tiny_options(const std::filesystem::path& directory, bool resume, std::atomic<bool>& interrupt);

/// `at_progress` is called with the number of the call, from 1, and may set the flag.
using AtProgress = std::function<void(int call, std::atomic<bool>& interrupt)>;
SearchResult run_tiny(const Experiment& experiment, const std::filesystem::path& directory, bool resume,
                      int threads = 1, const AtProgress& at_progress = {},
                      const std::function<void(int line)>& at_log = {});

/// Runs `work` in a child process, which it may end; so do so many milliseconds. True when it was killed.
bool killed(const std::function<void()>& work, int milliseconds = 0);

/// Content by file name: candidates, front and training rows without columns of time, all models, layers and supernets, those
/// that candidates changed too.
std::map<std::string, std::string> results(const std::filesystem::path& directory);
void check_same_results(const std::map<std::string, std::string>& expected, const std::filesystem::path& directory);

/// The rows of candidates.csv.
std::vector<Candidate> candidates_of(const std::filesystem::path& directory);
std::vector<FrontRow> front_of(const std::filesystem::path& directory);

}  // namespace danas::test
