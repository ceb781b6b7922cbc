// What the program makes of a GPU and of its failures: danas with the emulated backend, as a child process.
#define BOOST_TEST_MODULE cuda_program
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "../cli/process.hpp"

using namespace danas::test;

namespace {

// Two supernets and their candidates, on two lanes.
constexpr const char* experiment_text = R"(name = "tiny"
seed = 3
[data]
kind = "synthetic"
images = 40
size = 32
[space]
resolution = [32]
color = ["monochrome", "rgb"]
width = [0.1, 0.2]
depth = [1, 0, 0, 0, 0]
[supernet]
steps = 4
batch = 8
[finetune]
steps = 2
batch = 8
[final]
steps = 2
batch = 8
[search]
systems = 4
population = 2
recalibration_images = 16
lanes = 2
)";

struct Folder {
  Scratch scratch;
  std::string experiment = scratch.write("tiny.toml", experiment_text).string();

  /// With a failure planned, "FUNCTION NUMBER ERROR", and another memory (tests/cuda/emulation/cuda_runtime.h).
  Outcome danas(const std::vector<std::string>& arguments, const std::string& failure = "",
                std::size_t memory = 0) const {
    Setting setting{scratch.path(), {}, 0};
    if (!failure.empty()) setting.environment["EMULATED_FAILURE"] = failure;
    if (memory > 0) setting.environment["EMULATED_MEMORY"] = std::to_string(memory);
    return run(arguments, setting);
  }
};

/// All that a search leaves but for times: rows without their last columns are compared by test_search of the cli.
std::map<std::string, std::string> models(const fs::path& run) {
  std::map<std::string, std::string> files;
  for (const std::string folder : {"models", "supernets"})
    for (const auto& [name, bytes] : snapshot(run / folder)) files[folder + '/' + name] = bytes;
  return files;
}

/// How a search in which the GPU fails once ended: without reaching the failure, or with an error, after which it was
/// begun anew or resumed and left the same bytes as without one.
enum class Ended { well, begun_again, resumed };

class FailingSearches {
 public:
  FailingSearches() { BOOST_TEST_REQUIRE(search("whole").status == 0); }

  /// `failure` as Folder::danas takes it, `text` in the error's line.
  Ended with(const std::string& failure, const std::string& text) const {
    std::string out = failure;
    std::replace(out.begin(), out.end(), ' ', '-');
    const Outcome outcome = search(out, failure);
    if (outcome.status == 0) return Ended::well;
    check_error(outcome, 1, text);
    const bool begun = fs::exists(folder_.scratch / out / "candidates.csv");
    const std::string end = begun ? out : out + "-again";
    const Outcome again =
        begun ? folder_.danas({folder_.experiment, "--device", "cuda", "--quiet", "--resume", out}) : search(end);
    BOOST_TEST(again.status == 0, out << ": " << again.err);
    BOOST_TEST((models(folder_.scratch / end) == models(folder_.scratch / "whole")), out);
    return begun ? Ended::resumed : Ended::begun_again;
  }

 private:
  Outcome search(const std::string& out, const std::string& failure = "") const {
    return folder_.danas({folder_.experiment, "--device", "cuda", "--quiet", "--out", out}, failure);
  }

  Folder folder_;
};

const std::string old_driver = "cudaGetDeviceCount 1 35", no_code = "cudaLaunchKernel 1 209";

}  // namespace

BOOST_AUTO_TEST_CASE(auto_takes_the_gpu_and_says_so) {
  const Folder folder;
  const Outcome outcome = folder.danas({folder.experiment, "--out", "run"});
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.err.find("danas: computing on cuda:0 emulation, sm_90: there is a GPU") != std::string::npos,
             outcome.err);
}

BOOST_AUTO_TEST_CASE(bench_measures_a_gpu) {
  const Folder folder;
  std::vector<std::string> arguments{"bench",    "--device", "cuda",     "--arch",    "32,monochrome,0-0-0-0-0,0.1",
                                     "--batch",  "4",        "--layers", "--seconds", "0.01",
                                     "--rounds", "1"};
  const Outcome text = folder.danas(arguments);
  BOOST_TEST(text.status == 0, text.err);
  for (const auto* part : {"batch 4, cuda:0 emulation, sm_90; ", "\n  graphs  ", "\n  lanes   ", " of the GPU for "})
    BOOST_TEST(text.out.find(part) != std::string::npos, text.out);
  arguments.emplace_back("--json");
  const auto row = json_of(folder.danas(arguments));
  for (const auto* key :
       {"images_per_second", "peak_gflops", "share_of_peak", "peak_gb_per_second", "arena_mib",
        "images_per_second_without_graphs", "images_per_second_of_2_lanes", "images_per_second_of_4_lanes"})
    BOOST_TEST(row.at(key).get<double>() > 0, key);
  BOOST_TEST(row.at("operations").size() > 10);
}

// Of 128 MiB and more each, two fit.
BOOST_AUTO_TEST_CASE(bench_leaves_out_lanes_for_which_memory_does_not_suffice) {
  const Folder folder;
  Setting setting{folder.scratch.path(), {}, 0};
  setting.environment["EMULATED_MEMORY"] = std::to_string(400 << 20);
  const Outcome outcome = run({"bench", "--device", "cuda", "--arch", "32,monochrome,0-0-0-0-0,0.1", "--batch", "4",
                               "--seconds", "0.01", "--rounds", "1"},
                              setting);
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.out.find(" images/s of 2, no of 4\n") != std::string::npos, outcome.out);
  BOOST_TEST(outcome.out.find("no images/s of 2") == std::string::npos, outcome.out);
}

BOOST_AUTO_TEST_CASE(a_gpu_that_cannot_be_used_ends_in_one_line) {
  const Folder folder;
  for (const std::string command : {"selftest", "bench", folder.experiment.c_str()})
    for (const auto& [failure, text] :
         {std::pair(old_driver, "the NVIDIA driver is for CUDA 12.2, this build for CUDA 13.0: update the driver"),
          std::pair(no_code, "this build has no code for that GPU, see docs/gpu.md"),
          std::pair(std::string("cudaMalloc 1 2"), "out of memory; use a smaller batch or fewer lanes")})
      BOOST_TEST_CONTEXT(command << ", " << failure)
  check_error(folder.danas({command, "--device", "cuda"}, failure), 1, text);
  BOOST_TEST(!fs::exists(folder.scratch / "runs"));
}

BOOST_AUTO_TEST_CASE(auto_takes_the_cpu_where_the_driver_is_too_old_and_says_so) {
  const Folder folder;
  const Outcome outcome = folder.danas({folder.experiment, "--out", "run"}, old_driver);
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.err.find("danas: computing on cpu ") != std::string::npos, outcome.err);
  BOOST_TEST(outcome.err.find("this build for CUDA 13.0: update the driver\n") != std::string::npos, outcome.err);
}

// In 1 GiB they stay; in what the largest training takes, as its refusal says, there is no room for them.
BOOST_AUTO_TEST_CASE(a_search_gives_the_same_bytes_whether_images_stay_on_the_gpu) {
  const Folder folder;
  const auto search = [&](const std::string& out, std::size_t memory) {
    return folder.danas({folder.experiment, "--device", "cuda", "--quiet", "--out", out}, "", memory);
  };
  BOOST_TEST_REQUIRE(search("resident", 0).status == 0);
  const std::string refusal = search("refused", 1 << 20).err;
  const std::size_t figure = refusal.find("got one of ");
  BOOST_TEST_REQUIRE(figure != std::string::npos, refusal);
  const double mib = std::stod(refusal.substr(figure + 11)) + 0.06;
  BOOST_TEST_REQUIRE(search("streamed", static_cast<std::size_t>(mib * 0x1p20)).status == 0);
  const auto log = [&](const std::string& out) { return read(folder.scratch / out / "log.txt"); };
  for (const std::string set : {"train-42", "validation-32", "recalibration-32"})
    BOOST_TEST(log("resident").find("on the GPU stays " + set) != std::string::npos, log("resident"));
  BOOST_TEST(log("streamed").find("on the GPU stays train-42") == std::string::npos, log("streamed"));
  BOOST_TEST((models(folder.scratch / "resident") == models(folder.scratch / "streamed")));
}

// Anywhere in a search: what is in memory then (2: an allocation), a kernel's error (700) that is found by whoever waits.
// What a lane is told of a network's memory goes with its own stream and programs.
BOOST_AUTO_TEST_CASE(a_search_gives_the_same_bytes_on_any_number_of_lanes, *boost::unit_test::label("slow")) {
  const Folder folder;
  const auto search = [&](const std::string& name, const std::string& lanes, const std::string& setting) {
    const Outcome outcome = folder.danas({folder.experiment, "--out", name, "--device", "cuda", "--quiet", "--set",
                                          setting, "--set", "search.lanes=" + lanes, "--set", "finetune.steps=4"});
    BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
    return models(folder.scratch / name);
  };
  for (const std::string setting : {"engine.precision=f16", "switches.mask_width=true"}) {
    const auto alone = search(setting + "-1", "1", setting), together = search(setting + "-2", "2", setting);
    BOOST_TEST_REQUIRE(alone.size() == together.size());
    for (const auto& [name, bytes] : alone)
      BOOST_TEST((together.at(name) == bytes), setting << ": " << name << " differs");
  }
}

BOOST_AUTO_TEST_CASE(a_search_resumes_after_an_error_of_the_gpu) {
  const FailingSearches searches;
  BOOST_TEST(
      (searches.with("cudaEventSynchronize 16 700", "an illegal memory access was encountered") == Ended::resumed));
}

BOOST_AUTO_TEST_CASE(a_search_resumes_after_errors_at_many_moments, *boost::unit_test::label("slow")) {
  const FailingSearches searches;
  std::map<Ended, int> times;
  for (const auto& [function, error, text] :
       {std::tuple("cudaMalloc ", " 2", "out of memory"), std::tuple("cudaMallocHost ", " 2", "out of memory"),
        std::tuple("cudaEventSynchronize ", " 700", "an illegal memory access was encountered"),
        std::tuple("cudaStreamSynchronize ", " 700", "an illegal memory access was encountered")})
    for (int call = 4;; call *= 4) {
      const Ended ended = searches.with(function + std::to_string(call) + error, text);
      if (ended == Ended::well) break;
      ++times[ended];
    }
  BOOST_TEST(times[Ended::begun_again] + times[Ended::resumed] >= 6);
  BOOST_TEST(times[Ended::resumed] >= 4);
}
