// The commands of danas: what each one is told by the command line. Each returns the exit status and throws Error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "cli/measure.hpp"
#include "cuda/kernel_choice.hpp"
#include "cuda/machine.hpp"
#include "nas/protocol.hpp"

namespace danas {

/// The experiment file and what `--set key=value` changes in it.
struct ExperimentArguments {
  std::filesystem::path file;
  std::vector<std::string> set;
};

/// Where the computing is done; automatic: on the first GPU where there is one.
enum class DeviceKind { automatic, cpu, cuda };
template <>
inline constexpr std::array names<DeviceKind>{"auto", "cpu", "cuda"};

struct DeviceChoice {
  DeviceKind kind = DeviceKind::automatic;
  int gpu = 0;  ///< of cuda: its number
};
/// "auto", "cpu", "cuda" (the first GPU) or "cuda:N"; throws Error.
DeviceChoice parse_device(const std::string& text);
std::string device_text(const DeviceChoice& choice);  ///< what parse_device() reads

/// Where the computing is done and what is told meanwhile.
struct MachineArguments {
  int threads = 0;  ///< 0: the CPUs this process may use
  DeviceChoice device;
  std::optional<Kernels> kernels;  ///< of a GPU; none: own, and what a command says
  bool quiet = false;
};

struct SearchArguments {
  ExperimentArguments experiment;
  MachineArguments machine;
  std::filesystem::path out;  ///< empty: runs/NAME
  bool resume = false;
  std::filesystem::path resume_directory;  ///< empty: the newest run of the experiment's name
  bool any_build = false;                  ///< resume a run of another build
};
int command_search(const SearchArguments& arguments);

struct CheckArguments {
  ExperimentArguments experiment;
  MachineArguments machine;
  std::optional<Machine> model;          ///< a GPU that is not there: modeled, nothing is measured
  Precision precision = Precision::f32;  ///< of the model
};
int command_check(const CheckArguments& arguments);

struct DescribeArguments {
  std::string system;  ///< "96,rgb,3-4-3-3-1,1.0"
  int classes = 2;
  Protocol protocol = Protocol::corrected;
  bool json = false;
};
int command_describe(const DescribeArguments& arguments);

struct TrainArguments {
  ExperimentArguments experiment;
  MachineArguments machine;
  std::string system;
  std::filesystem::path init;         ///< run directory whose supernet gives the weights; empty: from scratch
  std::filesystem::path out;          ///< empty: runs/NAME-train
  std::optional<std::int64_t> steps;  ///< instead of the experiment's
  std::string split;                  ///< split of the metrics; empty: validation and test
  bool json = false;
};
int command_train(const TrainArguments& arguments);

struct EvaluateArguments {
  ExperimentArguments experiment;
  MachineArguments machine;
  std::filesystem::path model;
  std::string split = "test";
  bool json = false;
};
int command_evaluate(const EvaluateArguments& arguments);

struct PredictArguments {
  std::filesystem::path model;
  std::vector<std::filesystem::path> files;
  MachineArguments machine;
  bool json = false;
};
int command_predict(const PredictArguments& arguments);

struct InitArguments {
  std::filesystem::path folder;
  std::string device;         ///< empty: the default device
  std::filesystem::path out;  ///< empty: FOLDER's name + ".toml" in the working directory
};
int command_init(const InitArguments& arguments);

struct BenchArguments {
  std::string system = "96,rgb,3-4-3-3-1,1.0";
  int batch = 32;
  Work mode = Work::train;
  double seconds = 3.0;  ///< of all rounds together
  int rounds = 3;
  bool layers = false;  ///< a line for every operation
  bool suite = false;   ///< many rows instead: those whose options hold `suite_rows`
  std::string suite_rows;
  MachineArguments machine;
  std::optional<Machine> model;          ///< a GPU that is not there: modeled, nothing is measured
  Precision precision = Precision::f32;  ///< of the model
  bool json = false;
};
int command_bench(const BenchArguments& arguments);

int command_selftest(const MachineArguments& arguments);

struct ReportArguments {
  std::vector<std::filesystem::path> runs;
  std::filesystem::path out = "report.html";
  std::filesystem::path figures;  ///< folder for the figures; empty: none
};
int command_report(const ReportArguments& arguments);

struct DataArguments {
  ExperimentArguments experiment;
  bool quiet = false;
  std::filesystem::path preview;  ///< contact sheet; empty: none
  bool prune = false;             ///< remove old caches instead
  double prune_days = 30;         ///< those not used for so long
};
int command_data(const DataArguments& arguments);

}  // namespace danas
