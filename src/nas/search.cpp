#include "nas/search.hpp"

#include <fmt/core.h>

#include "base/build.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/stopwatch.hpp"
#include "nas/evaluation.hpp"
#include "nas/resume_check.hpp"
#include "nas/run_names.hpp"
#include "nas/search_loop.hpp"
#include "nas/training_memory.hpp"

namespace danas {

namespace {

void tell_space(SearchStatus& status, const Experiment& experiment) {
  const Device& device = experiment.device;
  const SearchSpace& space = experiment.space;
  status.log(fmt::format("space: {} systems, {} distinct networks, {} supernets; device {}: {} KiB RAM, {} KiB flash",
                         space.size(), DistinctNetworks(space, experiment.switches).count(),
                         supernet_groups(experiment).size(), device.name, device.ram_kib, device.flash_kib));
}

std::string search_in(RunDirectory& run, const Stopwatch& since_begin, const Experiment& experiment, Backend& backend,
                      const SearchOptions& options, const SearchObserver& observer,
                      std::shared_ptr<const Dataset> dataset, double resident) {
  WorkEstimate work(experiment, static_cast<int>(dataset->classes().size()),
                    static_cast<std::int64_t>(dataset->samples(Split::validation).size()), backend);
  SearchState state(run, since_begin);
  SearchStatus status(run, observer, options.interrupt, state.clock, work);
  status.log(options.resume ? fmt::format("resumed with {} systems on record", run.candidates().size())
                            : fmt::format("danas {}, {}, run {}", version_text(), backend.name(),
                                          run.files().directory().string()));
  const ImageStore store(
      std::move(dataset), experiment.data, image_use(experiment, search_draws(experiment)),
      [&](std::int64_t done, std::int64_t total) { status.preparing("caching images", done, total); });
  ResidentImages resident_images(backend, resident);
  DataLog data_log(status, state, store, resident_images);
  data_log.begin();
  tell_space(status, experiment);
  SearchContext context{experiment, backend, store, resident_images, data_log, run, state, status, work};
  try {
    status.stop_if_interrupted();
    Supernets supernets(context, options.state_seconds, options.shared_supernets);
    Evaluation evaluation(context, supernets);
    return SearchLoop(context, supernets, evaluation).run();
  } catch (const Error& error) {
    if (error.fault() == Fault::interrupted) {
      state.save();
      status.log(fmt::format("interrupted with {} systems on record", run.candidates().size()));
    } else {
      try {
        run.flush();
        run.log(fmt::format("failed with {} systems on record: {}", run.candidates().size(), error.what()));
      } catch (const Error&) {  // a full disk, perhaps: what failed first is what matters
      }
    }
    throw;
  }
}

}  // namespace

SearchResult run_search(const Experiment& experiment, Backend& backend, const SearchOptions& options,
                        const SearchObserver& observer) {
  const Stopwatch since_begin;
  SearchResult result{false, options.directory, ""};
  std::optional<RunDirectory> run;
  const auto open_run = [&] {
    if (result.directory.empty()) result.directory = create_run_directory(experiment.name);
    run.emplace(result.directory, experiment, backend.name(), Build::of_this(backend.instruction_set()), options.resume,
                options.any_build);
    if (options.opened) options.opened(run->files());
  };
  try {
    // A wrong directory ends the search before a large data set is listed.
    if (options.resume) open_run();
    else if (options.directory.empty()) check_creatable(runs_folder);
    else check_new_run(options.directory);
    const std::shared_ptr<const Dataset> dataset =
        open_dataset(experiment.data, experiment.seed, [&](std::int64_t done, std::int64_t total) {
          if (observer.progress) observer.progress("reading images", done, total, 0.0);
        });
    const double usable = backend.usable_bytes();
    const TrainingMemory largest =
        largest_training(experiment, static_cast<int>(dataset->classes().size()), backend, usable);
    check_memory(largest, usable);
    if (!run) open_run();
    check_same_images(run->files(), dataset->fingerprint());
    result.summary_json = search_in(*run, since_begin, experiment, backend, options, observer, dataset,
                                    resident_bytes(largest.bytes, usable, backend));
  } catch (const Error& error) {
    // Unusable images leave no directory behind.
    if (error.fault() == Fault::input && run && !options.resume && run->untouched()) {
      run->remove();
      std::error_code in_use;
      if (options.directory.empty()) std::filesystem::remove(runs_folder, in_use);
    }
    if (error.fault() != Fault::interrupted) throw;
    result.interrupted = true;
  }
  return result;
}

}  // namespace danas
