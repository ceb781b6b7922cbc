// A search as the command line runs it, alone or as one of a campaign's: progress on standard error, its report at the end.
#pragma once

#include <filesystem>
#include <string>

#include "cli/commands.hpp"
#include "nas/search.hpp"

namespace danas {

/// Which part of a longer job a search is.
struct JobPart {
  std::string name;           ///< before each line of its log; empty: it is the whole job
  double begin = 0, end = 1;  ///< shares of the job that are done before and after it
};

/// Where the options of the command line have a run, or a campaign, of that name begin or go on; where a new one is not
/// given a directory, none. Throws Error for one in use, and for a resume of one that is not there.
SearchOptions search_options(const SearchArguments& arguments, const std::string& name);

/// Runs it on the device of the arguments. The report is written wherever there are systems, after an interrupt too.
SearchResult run_search_job(const Experiment& experiment, const MachineArguments& machine, SearchOptions options,
                            const JobPart& part = {});

/// Tells how to go on in that directory; returns the exit status.
int tell_interrupted(const SearchArguments& arguments, const std::filesystem::path& directory);

}  // namespace danas
