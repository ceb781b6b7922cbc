#include <algorithm>
#include <cstdio>
#include <fmt/core.h>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "data/contact_sheet.hpp"

namespace danas {
namespace {

void print_store(const ImageStore& store) {
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    fmt::print("{:<11} {} images\n", split_name(split), store.size(split));
  }
  fmt::print("cache       {}, {:.1f} MiB\n", store.mode(), static_cast<double>(store.bytes()) / (1 << 20));
  for (const Problem& problem : store.problems()) {
    print("unusable    {}: {}\n", problem.file.string(), problem.reason);
  }
}

void write_preview(const Session& session, const std::filesystem::path& file) {
  std::vector<int> resolutions, channels;
  const auto add_new = [](std::vector<int>& values, int value) {
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  };
  for (const DataConfiguration& data : session.experiment.space.data_configurations()) {
    add_new(resolutions, data.resolution);
    add_new(channels, data.channels());
  }
  const Experiment& experiment = session.experiment;
  write_contact_sheet(*session.store, resolutions, channels, experiment.data.crop_min_area, experiment.seed, file);
}

}  // namespace

int command_data(const DataArguments& arguments) {
  if (!arguments.preview.empty()) check_output_file("--preview", arguments.preview, ".png");
  const Session session(arguments.experiment, arguments.quiet);
  if (!arguments.preview.empty()) write_preview(session, arguments.preview);
  print_store(*session.store);
  if (!arguments.preview.empty()) print("preview     {}\n", arguments.preview.string());
  return 0;
}

}  // namespace danas
