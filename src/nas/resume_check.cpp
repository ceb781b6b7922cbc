#include "nas/resume_check.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"

namespace danas {

namespace fs = std::filesystem;

namespace {

std::string without_what_may_change(Experiment experiment) {
  experiment.search.hours.reset();
  experiment.search.systems.reset();
  experiment.search.lanes.reset();
  return experiment.to_toml();
}

// "supernet.steps = 100", a line for each key.
std::vector<std::string> settings_of(const std::string& toml) {
  std::vector<std::string> settings;
  std::string table;
  for (std::size_t begin = 0; begin < toml.size();) {
    const std::size_t end = std::min(toml.find('\n', begin), toml.size());
    const std::string line = toml.substr(begin, end - begin);
    if (line.starts_with('[')) table = line.substr(1, line.size() - 2) + ".";
    else if (!line.empty()) settings.push_back(table + line);
    begin = end + 1;
  }
  return settings;
}

std::string first_difference(const std::string& a, const std::string& b) {
  const std::vector<std::string> others = settings_of(b);
  for (const std::string& setting : settings_of(a))
    if (std::ranges::find(others, setting) == others.end()) return setting;
  return "";
}

}  // namespace

void check_same_experiment(const RunFiles& files, const Experiment& experiment) {
  const fs::path file = files.experiment();
  const std::string before = without_what_may_change(parse_experiment(read_file(file), file));
  const std::string now = without_what_may_change(experiment);
  if (before != now)
    throw Error(files.directory().string(),
                fmt::format("this run was started with another experiment (now `{}`, then `{}`); only search.hours, "
                            "search.systems and search.lanes may change",
                            first_difference(now, before), first_difference(before, now)));
}

void check_same_build(const RunFiles& files, const Build& build, bool any_build) {
  const std::string where = files.directory().string();
  const fs::path file = files.build();
  if (!fs::exists(file))
    throw Error(where, "an older version began this run, which this one cannot go on with: start anew");
  const std::string line = read_file(file, 1000);
  const Build began = parse_build(line.substr(0, line.find('\n')), file.string());
  if (began.instruction_set != build.instruction_set)
    throw expected(where, "the instruction set or kernels it began with, " + began.instruction_set,
                   build.instruction_set + "; other sums would give other results");
  if (began != build && !any_build)
    throw expected(where, "the build it began with, " + build_text(began),
                   build_text(build) + "; results may differ, --any-build goes on with this one");
}

void check_same_images(const RunFiles& files, std::uint64_t fingerprint) {
  const fs::path file = files.data();
  const std::string now = fmt::format("{:016x}\n", fingerprint);
  if (!fs::exists(file)) write_file(file, now);
  else if (read_file(file) != now)
    throw expected(files.directory().string(), "the images it began with",
                   "others: files were added, removed or changed");
}

}  // namespace danas
