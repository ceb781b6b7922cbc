#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fmt/core.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "data/init.hpp"
#include "nas/experiment.hpp"
#include "nas/path_expansion.hpp"

namespace danas {
namespace {

/// A name for files and run directories: letters, digits, '-' and '_' of the folder's.
std::string experiment_name(const std::filesystem::path& folder) {
  const auto absolute = std::filesystem::absolute(folder).lexically_normal();
  std::string name = (absolute.has_filename() ? absolute : absolute.parent_path()).filename().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '-');
  return name.empty() ? "photos" : name;
}

/// As it stands in an experiment file.
std::string path_text(const std::filesystem::path& folder) {
  if (valid_utf8(folder.string()) != folder.string())
    throw expected(folder.string(), "a folder whose name is UTF-8, as experiment files are", "other bytes");
  return protect_path(std::filesystem::absolute(folder).lexically_normal());
}

std::string counts_text(const FolderSummary& summary, const std::string& prefix) {
  std::string text = fmt::format("{}{:<12}", prefix, "");
  for (const auto& name : summary.classes) text += fmt::format(" {:>14}", printable(name));
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    text += fmt::format("\n{}{:<12}", prefix, split_name(split));
    for (const auto count : summary.counts[static_cast<int>(split)]) text += fmt::format(" {:>14}", count);
  }
  return text + "\n";
}

std::string data_text(const FolderSummary& summary) {
  const DataSettings& data = summary.settings;
  std::string text =
      fmt::format("[data]\nkind = {}\npath = {}\n", json_quoted(name_of(data.kind)), json_quoted(path_text(data.path)));
  if (summary.has_splits) {
    text += fmt::format("train = {}\nvalidation = {}\ntest = {}\n", json_quoted(data.train),
                        json_quoted(data.validation), json_quoted(data.test));
  } else {
    text += fmt::format("validation_share = {}             # drawn by the seed, the same share of every class\n",
                        data.validation_share);
    text += fmt::format("test_share = {}\n", data.test_share);
  }
  if (holds_sounds(data.kind))
    text +=
        fmt::format("seconds = {}   # the middle of longer recordings, silence around shorter ones\n", data.seconds);
  if (summary.classes.size() == 2) {
    text +=
        fmt::format("positive = {}   # precision and recall are of this class\n", json_quoted(summary.classes.back()));
  }
  return text;
}

/// Rates that keep what most sounds are told by, from which each has half as many samples.
std::string rates_text(int highest) {
  constexpr int least = 1000, most = 24'000;
  std::string text;
  for (const int divisor : {8, 4, 2, 1})
    if (const int rate = highest / divisor; rate >= least && rate <= most)
      text += fmt::format("{}{}", text.empty() ? "" : ", ", rate);
  return text.empty() ? std::to_string(highest) : text;
}

std::string space_text(const FolderSummary& summary) {
  if (!holds_sounds(summary.settings.kind)) return "[space]\nresolution = [32, 64, 96]\n\n";
  return fmt::format(
      "[space]\nsample_rate = [{}]\nfeature = [\"mel\", \"mfcc\"]   # \"spectrogram\" is the largest\n\n",
      rates_text(summary.rate));
}

/// A search of hours on a laptop; the defaults are those of a day on a large machine.
std::string experiment_text(const FolderSummary& summary, const std::string& name, const Device& device) {
  std::string text = "# Written by danas init. Every key that is left out has a default.\n";
  text += counts_text(summary, "#   ");
  for (const auto& warning : summary.warnings) text += "# warning: " + printable(warning) + "\n";
  text += fmt::format("name = {}\nseed = 1\n\n{}\n", json_quoted(name), data_text(summary));
  text += space_text(summary);
  text += "[supernet]\nsteps = 4000                 # for each data configuration\nbatch = 32\nlearning_rate = 5e-3\n";
  text += "schedule = \"cosine\"\nwarmup = 20\n\n";
  text += "[final]\nsteps = 2500                 # for each system of the front\nbatch = 32\nlearning_rate = 2e-3\n";
  text += "schedule = \"cosine\"\n\n";
  text += "[search]\nstrategy = \"nsga2\"           # looks for the whole front of accuracy, RAM and flash\n";
  text += "systems = 200                # and at most so many hours:\nhours = 8.0\n\n";
  text += fmt::format("[device]\nname = {}\nram_kib = {}\nflash_kib = {}\n", json_quoted(device.name), device.ram_kib,
                      device.flash_kib);
  return text;
}

}  // namespace

int command_init(const InitArguments& arguments) {
  const Device device = arguments.device.empty() ? Device{} : find_device(arguments.device);
  const std::string name = experiment_name(arguments.folder);
  const std::filesystem::path out = arguments.out.empty() ? std::filesystem::path(name + ".toml") : arguments.out;
  if (std::filesystem::exists(std::filesystem::symlink_status(out))) {
    throw expected(out.string(), "a file that does not exist yet", "one that is there; use --out");
  }
  const FolderSummary summary = summarize_folder(arguments.folder);
  const std::string text = experiment_text(summary, name, device);
  parse_experiment(text, out);  // what is written can be read
  write_file(out, text);

  print_lines(counts_text(summary, ""));
  for (const auto& note : summary.notes) print("note: {}\n", note);
  for (const auto& warning : summary.warnings) print("warning: {}\n", warning);
  print("\nwritten to {}; next: danas check {}\n", out.string(), shell_path(out));
  return 0;
}

}  // namespace danas
