#include <cstdio>
#include <fmt/core.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/units.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/metrics_text.hpp"
#include "cli/model.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "nas/estimators.hpp"
#include "nas/model_file.hpp"
#include "nas/run_names.hpp"
#include "nas/supernet_group.hpp"
#include "nas/system_trainer.hpp"
#include "nas/training_memory.hpp"
#include "results/run_files.hpp"

namespace danas {
namespace {

/// The stream of training batches of `danas train`, apart from those of a search.
constexpr std::uint64_t train_stream = 0x747261696e;

/// The system as a candidate begins, of the run's supernet.
Network begun(Backend& backend, const System& system, const LayerList& layers, const Session& session,
              const std::filesystem::path& run) {
  const auto file = RunFiles(run).supernet(group_of(supernet_groups(session.experiment), system.data).name);
  Metadata metadata;
  const Network supernet = load_supernet(backend, file, system.data, metadata);
  check_classes(class_names(metadata, file), *session.dataset, file);
  try {
    slice_layers(supernet.layers(), system.architecture.slice());
    return begun_candidate(supernet, layers, session.experiment.switches, session.experiment.seed);
  } catch (const Error& error) {  // deeper than the supernet
    throw Error(file.string(), error.what());
  }
}

void train(Session& session, SystemTrainer& trainer, Backend& backend, Network& network,
           const TrainingSettings& settings, const System& system, const std::atomic<bool>& interrupted) {
  Optimizer optimizer(backend, network, settings);
  const StreamSource batches = [&](std::int64_t) { return BatchStream{system.data, train_stream}; };
  std::string what = "training";
  const auto steps = trainer.train(network, optimizer, settings, batches, 0, [&](const StepReport& report) {
    if (report.means) what = fmt::format("training, loss {:.3f}", report.means->loss);
    session.progress.update(what, report.step + 1, settings.steps);
    return !interrupted;
  });
  session.progress.clear();
  if (interrupted) {
    throw Error("train", fmt::format("interrupted after {} of {} steps; no model was written", steps, settings.steps),
                Fault::interrupted);
  }
}

void print_result(const TrainArguments& arguments, const System& system, const Measures& needs,
                  const std::filesystem::path& model, const std::vector<std::pair<std::string, Metrics>>& metrics) {
  if (arguments.json) {
    JsonObject json;
    json.add("arch", system.text()).add("model", model.string());
    json.add("ram_bytes", needs.count(Measure::ram_bytes)).add("flash_bytes", needs.count(Measure::flash_bytes));
    for (const auto& [split, values] : metrics) json.add(split, metrics_json(values));
    fmt::print("{}\n", json.text());
    return;
  }
  for (const auto& [split, values] : metrics) fmt::print("{}\n", metrics_text(split, values));
  fmt::print("{:<11} RAM {}, flash {}\n", "needs", kib_text(needs[Measure::ram_bytes]),
             kib_text(needs[Measure::flash_bytes]));
  print("{:<11} {}\n", "model", model.string());
}

}  // namespace

int command_train(const TrainArguments& arguments) {
  if (!arguments.out.empty()) refuse_existing("--out", arguments.out);
  const System system = read_system(arguments.system);
  Session session(arguments.experiment, arguments.machine.quiet);
  const auto backend = open_backend(arguments.machine, session.experiment.engine.precision);
  const Dataset& dataset = *session.dataset;
  const Switches& switches = session.experiment.switches;
  const int classes = static_cast<int>(dataset.classes().size());
  const LayerList layers = candidate_layers(system, classes, switches);

  const bool scratch = arguments.init.empty();
  const bool of_slices = session.experiment.space.sliced();
  const std::string table = !of_slices ? "scratch" : scratch ? "supernet" : "finetune";
  TrainingSettings settings =
      of_slices && scratch ? session.experiment.supernet : session.experiment.candidate_training();
  if (arguments.steps) settings.steps = *arguments.steps;
  if (settings.warmup > settings.steps)
    throw expected("--steps", fmt::format("at least {}.warmup, {}", table, settings.warmup),
                   std::to_string(settings.steps));
  Network network = scratch ? Network(*backend, layers, session.experiment.seed)
                            : begun(*backend, system, layers, session, arguments.init);
  const double usable = backend->usable_bytes();
  const TrainingMemory memory = training_memory("training", layers, settings, session.experiment, *backend);
  check_memory(memory, usable);
  check_creatable(arguments.out.empty() ? runs_folder : arguments.out);  // before the work

  const ImageStore store = session.open_store(settings.steps * settings.batch);
  prepare_images(store, system.data);
  const auto& interrupted = catch_interrupts();
  ImageCounts counts;
  ResidentImages resident(*backend, resident_bytes(memory.bytes, usable, *backend));
  SystemTrainer trainer(session.experiment, store, *backend, resident, &interrupted, counts);
  train(session, trainer, *backend, network, settings, system, interrupted);
  if (!switches.keep_statistics) trainer.recalibrate(network, layers, system.data);
  const auto directory =
      arguments.out.empty() ? create_run_directory(session.experiment.name + "-train") : arguments.out;
  make_folder(directory);
  const auto model = directory / "model.safetensors";
  save_checkpoint(model, network, model_metadata(system, dataset, switches));

  std::vector<std::pair<std::string, Metrics>> metrics;
  for (const std::string& split : arguments.split.empty() ? std::vector<std::string>{"validation", "test"}
                                                          : std::vector<std::string>{arguments.split}) {
    metrics.emplace_back(split, trainer.evaluate(network, layers, system.data, parse_split(split)));
  }
  print_result(arguments, system, estimate(system, classes, session.experiment.device.bytes, switches), model, metrics);
  return 0;
}

}  // namespace danas
