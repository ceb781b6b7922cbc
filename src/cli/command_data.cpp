#include <cstdio>
#include <fmt/core.h>

#include "base/units.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "data/cache_folder.hpp"
#include "data/contact_sheet.hpp"
#include "nas/system_trainer.hpp"

namespace danas {
namespace {

void print_store(const ImageStore& store) {
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    fmt::print("{:<11} {} {}\n", split_name(split), store.size(split), store.items());
  }
  for (const ImageStore::Cache& cache : store.caches()) fmt::print("cache       {}\n", cache.text());
  if (store.remarked() > 0) fmt::print("note        {} files have faults but were read whole\n", store.remarked());
  for (const Problem& problem : store.problems()) {
    print("unusable    {}: {}\n", problem.file.string(), problem.reason);
  }
}

void write_preview(const Session& session, const std::filesystem::path& file) {
  const Experiment& experiment = session.experiment;
  write_contact_sheet(*session.dataset, experiment.space.data_configurations(), experiment.data.crop_min_area,
                      experiment.switches.bilinear_resize, experiment.seed, file);
}

void build_all(const ImageStore& store, const SearchSpace& space) {
  for (const DataConfiguration& data : space.data_configurations()) {
    store.training(data);
    store.recalibration(data);
    store.evaluation(Split::validation, data);
    store.evaluation(Split::test, data);
  }
}

int prune(const DataArguments& arguments) {
  DataSettings settings;
  if (!arguments.experiment.file.empty())
    settings = read_experiment(arguments.experiment.file, arguments.experiment.set).data;
  const std::filesystem::path folder = cache_folder(settings);
  double kept = 0, removed = 0;  // bytes
  for (const CachedFile& file : prune_caches(folder, arguments.prune_days)) {
    (file.removed ? removed : kept) += static_cast<double>(file.bytes);
    print("{:<8} {:>10.1f} MiB, used {:.0f} days ago: {} ({})\n", file.removed ? "removed" : "kept",
          mebibytes(static_cast<double>(file.bytes)), file.days, file.path.filename().string(),
          !file.source.empty() && !file.in_use ? file.source
          : file.removed                       ? "of no use any more"
          : file.in_use                        ? "being written"
                                               : "perhaps being written");
  }
  print("{}: {} removed, {} kept\n", folder.string(), mib_text(removed), mib_text(kept));
  return 0;
}

}  // namespace

int command_data(const DataArguments& arguments) {
  if (arguments.prune) return prune(arguments);
  if (!arguments.preview.empty()) check_output_file("--preview", arguments.preview, ".png");
  Session session(arguments.experiment, arguments.quiet);
  if (!arguments.preview.empty()) write_preview(session, arguments.preview);
  const ImageStore store = session.open_store(search_draws(session.experiment));
  build_all(store, session.experiment.space);
  print_store(store);
  if (!arguments.preview.empty()) print("preview     {}\n", arguments.preview.string());
  return 0;
}

}  // namespace danas
