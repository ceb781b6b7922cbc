#include "cli/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fmt/core.h>
#include <memory>

#include "base/build.hpp"
#include "base/edit_distance.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "cli/assets.hpp"
#include "cli/commands.hpp"

namespace danas {
namespace {

using Job = std::function<int()>;

/// A command of the program: `arguments` lives as long as the parser, the job gets a copy.
template <class Arguments>
CLI::App* add_command(CLI::App& app, Job& job, const std::string& name, const std::string& description,
                      const std::string& examples, const std::shared_ptr<Arguments>& arguments,
                      int (*command)(const Arguments&)) {
  CLI::App* sub = app.add_subcommand(name, description);
  sub->footer("Example:\n" + examples);
  sub->callback([&job, arguments, command] { job = [values = *arguments, command] { return command(values); }; });
  return sub;
}

void add_experiment(CLI::App* sub, ExperimentArguments& experiment, bool required = true) {
  CLI::Option* file = sub->add_option("EXPERIMENT", experiment.file, "Experiment file (TOML)")->type_name("FILE");
  if (required) file->required();
  sub->add_option("--set", experiment.set, "Set one key of the experiment, e.g. search.systems=20; repeatable")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_quiet(CLI::App* sub, bool& quiet) { sub->add_flag("--quiet", quiet, "No progress on standard error"); }

/// An option that takes the names of an enum's values.
template <class Enum, class Value>
CLI::Option* add_choice(CLI::App* sub, const std::string& option, Value& value, const std::string& description) {
  const std::vector<std::string> choices(names<Enum>.begin(), names<Enum>.end());
  return sub
      ->add_option_function<std::string>(
          option, [&value](const std::string& name) { value = find_named<Enum>(name).value(); }, description)
      ->type_name("NAME")
      ->check(CLI::IsMember(choices));
}

CLI::Option* add_model(CLI::App* sub, std::optional<Machine>& model, Precision& precision) {
  CLI::Option* const machine =
      add_choice<Machine>(sub, "--machine", model,
                          "Model a GPU by the vendor's figures and stated assumptions, measure nothing: v100 or h100");
  add_choice<Precision>(sub, "--precision", precision, "Of a modeled GPU: f32 (default), f16 or bf16")->needs(machine);
  return machine;
}

void add_machine(CLI::App* sub, MachineArguments& machine, bool with_quiet = true) {
  sub->add_option("--threads", machine.threads, "Number of threads (default: the CPUs this process may use)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  sub->add_option_function<std::string>(
         "--device", [&machine](const std::string& text) { machine.device = parse_device(text); },
         "Where to compute: auto, cpu, cuda (the first GPU) or cuda:N")
      ->type_name("NAME");
  add_choice<Kernels>(sub, "--kernels", machine.kernels,
                      "Convolutions of a GPU: own (default), cudnn (NVIDIA's library, where it is installed) or best "
                      "(measures both at each shape's first use)");
  if (with_quiet) add_quiet(sub, machine.quiet);
}

void add_json(CLI::App* sub, bool& json) {
  sub->add_flag("--json", json, "One JSON object on standard output and nothing else there");
}

CLI::Option* add_system(CLI::App* sub, std::string& system) {
  return sub
      ->add_option(
          "--arch", system,
          "Resolution and color (of sounds sample rate and feature), then blocks in stages 3 to 7 and width of "
          "MobileNetV2 (96,rgb,3-4-3-3-1,1.0), or convolutions: filters, side, ReLU or sigmoid "
          "(6000,mel,32x3r-64x5s)")
      ->type_name("R,COLOR,NETWORK");
}

void add_search(CLI::App& app, Job& job) {
  auto a = std::make_shared<SearchArguments>();
  auto* sub = add_command(app, job, "search", "The whole job: check, cache data, search, report (the default command)",
                          "  danas experiments/quick.toml\n"
                          "  danas search experiments/quick.toml --set search.systems=50 --out runs/fifty\n"
                          "  danas experiments/quick.toml --resume",
                          a, command_search);
  add_experiment(sub, a->experiment, false);
  auto* resume = sub->add_option("--resume", a->resume_directory, "Continue DIR, or the newest run of that name")
                     ->type_name("[DIR]")
                     ->expected(0, 1);
  auto* out = sub->add_option("--out", a->out, "Run directory (default: runs/NAME, NAME-2, ...)")->type_name("DIR");
  out->excludes(resume);
  sub->add_flag("--any-build", a->any_build, "Resume a run of another build; its results may differ")->needs(resume);
  add_machine(sub, a->machine);
  sub->callback([&job, a, resume] {
    a->resume = resume->count() > 0;
    // "--resume FILE.toml": the experiment stands where a folder may stand.
    if (a->experiment.file.empty()) std::swap(a->experiment.file, a->resume_directory);
    if (a->experiment.file.empty()) throw Error("command line", "expected an experiment file, got none");
    job = [values = *a] { return command_search(values); };
  });
}

void add_check(CLI::App& app, Job& job) {
  auto a = std::make_shared<CheckArguments>();
  auto* sub = add_command(app, job, "check", "Check experiment file and data without training; estimate time and disk",
                          "  danas check experiments/quick.toml\n"
                          "  danas check experiments/quick.toml --machine v100 --precision f16",
                          a, command_check);
  add_experiment(sub, a->experiment);
  add_model(sub, a->model, a->precision);
  add_machine(sub, a->machine);
}

void add_describe(CLI::App& app, Job& job) {
  auto a = std::make_shared<DescribeArguments>();
  auto* sub = add_command(app, job, "describe", "Layers, parameters, multiply-adds, RAM and flash of one system",
                          "  danas describe --arch 96,monochrome,2-2-0-0-0,0.3\n"
                          "  danas describe --arch 224,rgb,3-4-3-3-1,1.0 --json\n"
                          "  danas describe --arch 6000,mel-5s,2-2-0-0-0,0.3",
                          a, command_describe);
  add_system(sub, a->system)->required();
  sub->add_option("--classes", a->classes, "Number of classes (default 2)")
      ->type_name("N")
      ->check(CLI::Range(2, 100000));
  add_choice<Protocol>(sub, "--protocol", a->protocol,
                       "RAM and flash as danas sums them or as the published code: corrected or published");
  add_json(sub, a->json);
}

void add_train(CLI::App& app, Job& job) {
  auto a = std::make_shared<TrainArguments>();
  auto* sub = add_command(app, job, "train", "Train one system, from scratch or from a run's supernet",
                          "  danas train experiments/quick.toml --arch 64,rgb,2-2-0-0-0,0.5 --out runs/one\n"
                          "  danas train experiments/quick.toml --arch 64,rgb,2-2-0-0-0,0.5 --init runs/quick",
                          a, command_train);
  add_experiment(sub, a->experiment);
  add_system(sub, a->system)->required();
  sub->add_option("--init", a->init, "Run directory whose supernet gives the weights; fine-tunes them")
      ->type_name("RUN");
  sub->add_option("--out", a->out, "Folder for model.safetensors (default: runs/NAME-train, ...)")->type_name("DIR");
  sub->add_option("--steps", a->steps, "Training steps instead of the experiment's")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
  sub->add_option("--split", a->split, "Split of the metrics (default: validation and test)")
      ->type_name("NAME")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  add_machine(sub, a->machine);
  add_json(sub, a->json);
}

void add_evaluate(CLI::App& app, Job& job) {
  auto a = std::make_shared<EvaluateArguments>();
  auto* sub = add_command(app, job, "evaluate", "Metrics of a model on a split of the experiment's data",
                          "  danas evaluate experiments/quick.toml --model runs/quick/models/7.safetensors", a,
                          command_evaluate);
  add_experiment(sub, a->experiment);
  sub->add_option("--model", a->model, "Model to evaluate")->type_name("FILE")->required();
  sub->add_option("--split", a->split, "train, validation or test (default)")
      ->type_name("NAME")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  add_machine(sub, a->machine);
  add_json(sub, a->json);
}

void add_predict(CLI::App& app, Job& job) {
  auto a = std::make_shared<PredictArguments>();
  auto* sub = add_command(app, job, "predict", "Class and probability of images or recordings",
                          "  danas predict runs/quick/models/7.safetensors photo.jpg other.png\n"
                          "  danas predict runs/sounds/models/7.safetensors sound.wav",
                          a, command_predict);
  sub->add_option("MODEL", a->model, "Model (.safetensors)")->type_name("FILE")->required();
  sub->add_option("FILE", a->files, "Images: JPEG, PNG, BMP or WebP; recordings: WAV")->type_name("FILE")->required();
  add_machine(sub, a->machine, false);
  add_json(sub, a->json);
}

void add_init(CLI::App& app, Job& job) {
  auto a = std::make_shared<InitArguments>();
  auto* sub = add_command(app, job, "init", "Write an experiment file for a folder of class folders",
                          "  danas init photos --device STM32F765 --out photos.toml\n"
                          "  danas photos.toml",
                          a, command_init);
  sub->add_option("FOLDER", a->folder,
                  "SPLIT/CLASS/files or CLASS/files, images or WAV recordings; or what holds ToyADMOS' ToyConveyor")
      ->type_name("DIR")
      ->required();
  sub->add_option("--device", a->device, "Device whose RAM and flash are the limits")->type_name("NAME");
  sub->add_option("--out", a->out, "File to write (default: the folder's name + .toml)")->type_name("FILE");
}

void add_bench(CLI::App& app, Job& job) {
  auto a = std::make_shared<BenchArguments>();
  auto* sub = add_command(
      app, job, "bench", "Speed and memory of training, fine-tuning or evaluation on this machine",
      "  danas bench --arch 96,rgb,3-4-3-3-1,0.5 --batch 32 --mode train --json\n"
      "  danas bench --arch 96,rgb,3-4-3-3-1,1.0 --layers\n"
      "  danas bench --suite\n"
      "  danas bench --suite eval --threads 1 --json\n"
      "  danas bench --suite --machine v100 --precision f16\n"
      "  DANAS_INSTRUCTION_SET=avx2 danas bench --suite\n\n"
      "Useful work is 6 x MACs per image trained and 2 x MACs per image evaluated. Each round measures the row, then\n"
      "the machine's own limits: fused multiply-adds in registers, and bytes a second of large arrays. gb_per_second\n"
      "counts the operands of every operation, whether they are in a cache or not. On a GPU a round also measures the row\n"
      "without graphs, by danas' own kernels and by cuDNN's, and 2 and 4 of it side by side; --layers waits for every operation.",
      a, command_bench);
  CLI::Option* const suite =
      sub->add_option("--suite", a->suite_rows,
                      "The full networks, one after the other; those alone whose options hold TEXT")
          ->type_name("[TEXT]")
          ->expected(0, 1);
  for (
      CLI::Option* const option :
      {add_system(sub, a->system),
       sub->add_option("--batch", a->batch, "Images per step (default 32)")
           ->type_name("N")
           ->check(CLI::Range(1, 65536)),
       add_choice<Work>(
           sub, "--mode", a->mode,
           "train (all exits' heads, as a supernet), finetune (own head only) or eval; of the network's images: load (from "
           "a cache) or decode (JPEG)"),
       sub->add_flag("--layers", a->layers, "Also what every operation takes, and which limit it is nearer to")})
    suite->excludes(option);
  sub->add_option("--seconds", a->seconds, "How long to measure a row, in all rounds (default 3)")
      ->type_name("S")
      ->check(CLI::Range(0.01, 86400.0));
  sub->add_option("--rounds", a->rounds, "How many times a row is measured; medians are told (default 3)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  add_model(sub, a->model, a->precision)->excludes("--layers");
  add_machine(sub, a->machine, false);
  add_json(sub, a->json);
  sub->callback([&job, a, suite] {
    a->suite = suite->count() > 0;
    job = [values = *a] { return command_bench(values); };
  });
}

void add_selftest(CLI::App& app, Job& job) {
  auto a = std::make_shared<MachineArguments>();
  auto* sub =
      add_command(app, job, "selftest", "Compare every operation with the scalar reference on this machine",
                  "  danas selftest --device cpu\n"
                  "  danas selftest --device cuda\n\n"
                  "On a GPU in every precision, with danas' own kernels and, where it is installed, with cuDNN's.",
                  a, command_selftest);
  add_machine(sub, *a, false);
}

void add_report(CLI::App& app, Job& job) {
  auto a = std::make_shared<ReportArguments>();
  auto* sub = add_command(app, job, "report", "One offline HTML file from run directories",
                          "  danas report runs/large runs/medium -o report.html --figures figures", a, command_report);
  sub->add_option("RUN", a->runs, "Run directories")->type_name("DIR")->required();
  sub->add_option("-o,--out", a->out, "HTML file to write (default report.html)")->type_name("FILE");
  sub->add_option("--figures", a->figures, "Folder for every figure as SVG, PDF and CSV")->type_name("DIR");
}

void add_data(CLI::App& app, Job& job) {
  auto a = std::make_shared<DataArguments>();
  auto* sub = add_command(app, job, "data", "Build the cache; show what the network sees",
                          "  danas data experiments/quick.toml --preview preview.png\n"
                          "  danas data --prune",
                          a, command_data);
  add_experiment(sub, a->experiment, false);
  auto* preview =
      sub->add_option("--preview", a->preview, "Contact sheet of every data configuration")->type_name("FILE.png");
  auto* prune = sub->add_option("--prune", a->prune_days,
                                "List all caches; remove unfinished ones and those not used for DAYS (default 30)")
                    ->type_name("[DAYS]")
                    ->expected(0, 1)
                    ->check(CLI::Range(0.0, 1e6));
  prune->excludes(preview);
  add_quiet(sub, a->quiet);
  sub->callback([&job, a, prune] {
    a->prune = prune->count() > 0;
    if (a->experiment.file.empty() && !a->prune) throw Error("command line", "expected an experiment file, got none");
    job = [values = *a] { return command_data(values); };
  });
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::string nearest_command(const std::vector<std::string>& names, const std::string& word) {
  return *std::min_element(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance(word, a) < edit_distance(word, b);
  });
}

bool looks_like_file(const std::string& word) {
  std::error_code ignored;
  return word.find_first_of("./") != std::string::npos || std::filesystem::exists(word, ignored);
}

/// `danas EXPERIMENT.toml` and `danas --resume …` mean `danas search …`.
void insert_default_command(const CLI::App& app, std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    arguments = {"--help"};
    return;
  }
  const std::string first = arguments.front();
  const auto names = command_names(app);
  if (std::find(names.begin(), names.end(), first) != names.end()) return;
  if (first == "-h" || first == "--help" || first == "--version" || first == "--licenses") return;
  if (!first.starts_with('-') && !looks_like_file(first)) {
    throw expected("command line",
                   "a command or an experiment file (nearest command: " + nearest_command(names, first) + ")",
                   "'" + first + "'");
  }
  arguments.insert(arguments.begin(), "search");
}

}  // namespace

std::function<int()> parse_arguments(std::vector<std::string> arguments) {
  CLI::App app("danas: finds the data configuration and the network that fit your task and your device", "danas");
  app.set_version_flag("--version", "danas " + version_text());
  const auto print_licenses = [] {
    fmt::print("{}", asset("third-party.txt"));
    throw CLI::Success();
  };
  app.add_flag_callback("--licenses", print_licenses, "Print the notices of the libraries that are linked in and exit");
  app.require_subcommand(1);
  app.footer("Example:\n  danas experiments/quick.toml\n\n'danas COMMAND --help' tells more about a command.");
  Job job;
  for (auto* add : {add_search, add_check, add_describe, add_train, add_evaluate, add_predict, add_init, add_bench,
                    add_selftest, add_report, add_data}) {
    add(app, job);
  }
  insert_default_command(app, arguments);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.parse(arguments);
  } catch (const CLI::Success& help) {
    app.exit(help);
    return [] { return 0; };
  } catch (const CLI::ParseError& error) {
    throw Error("command line", error.what());
  }
  return job;
}

}  // namespace danas
