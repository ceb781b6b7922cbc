#include <boost/test/unit_test.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/run_directory.hpp"
#include "nas/run_names.hpp"
#include "results/candidate_table.hpp"
#include "../results/some_candidate.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

class WorkingFolder {
 public:
  explicit WorkingFolder(const fs::path& path) : before_(fs::current_path()) { fs::current_path(path); }
  ~WorkingFolder() { fs::current_path(before_); }

 private:
  fs::path before_;
};

RunDirectory open(const fs::path& path, const Experiment& experiment, bool resume, const std::string& set = "avx2") {
  return RunDirectory(path, experiment, "a machine", {"0.1.0", "abc", set}, resume);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(run_directory)

// As versions before the columns twin_of and status wrote it, in another order, with a torn line.
BOOST_AUTO_TEST_CASE(columns_that_were_added_later) {
  const TemporaryFolder folder;
  const Experiment experiment = tiny_experiment(folder.path());
  const fs::path path = folder.path() / "run", file = path / "candidates.csv";
  open(path, experiment, false);
  const auto older = [](CsvFields fields) {
    fields.resize(21);
    std::rotate(fields.begin(), fields.begin() + 1, fields.end());
    return csv_line(fields);
  };
  const std::string whole = older(candidate_columns()) + older(candidate_fields(some_candidate(1)));
  write_file(file, whole + "2,");
  write_file(path / "state" / "final.csv", whole);
  {
    RunDirectory run = open(path, experiment, true);
    BOOST_REQUIRE(run.candidates().size() == 1u);
    BOOST_TEST((run.candidates()[0].measures == some_candidate(1).measures));
    BOOST_TEST((run.candidates()[0].outcome == Outcome::evaluated));
    BOOST_TEST(run.candidates()[0].twin_of == 0);
    BOOST_TEST(run.finals().size() == 1u);
    run.append_candidate(some_candidate(2));
    run.flush();
  }
  const std::string now = csv_line(candidate_columns()) + csv_line(candidate_fields(some_candidate(1)));
  BOOST_TEST(read_file(file) == now + csv_line(candidate_fields(some_candidate(2))));
  BOOST_TEST(read_file(path / "state" / "final.csv") == now);

  write_file(file, "latency," + whole.substr(0, whole.find('\n') + 1));
  BOOST_CHECK_EXCEPTION(open(path, experiment, true), Error, [](auto& error) {
    return std::string(error.what())
               .find("candidates.csv:1] expected columns that this version knows, got \"latency\"") !=
           std::string::npos;
  });
  write_file(file, std::string_view("id,twin_of\n"));
  BOOST_CHECK_THROW(open(path, experiment, true), Error);
  Candidate strange = some_candidate(1);
  for (const auto& [data, architecture] : {std::pair{"96-monochrome", "9-9-9"},
                                           {"96,monochrome", "2-3-1-0-0 0.3"},
                                           {"96-monochrome", "2-3-1-0-0,0.3"},
                                           {"", "2-3-1-0-0 0.3"}}) {
    strange.data = data;
    strange.architecture = architecture;
    write_file(file, csv_line(candidate_columns()) + csv_line(candidate_fields(strange)));
    BOOST_CHECK_EXCEPTION(open(path, experiment, true), Error, [](const Error& error) {
      return std::string(error.what()).find("candidates.csv:2]") != std::string::npos;
    });
  }
}

BOOST_AUTO_TEST_CASE(a_torn_line_is_dropped) {
  const TemporaryFolder folder;
  const Experiment experiment = tiny_experiment(folder.path());
  const fs::path path = folder.path() / "run";
  {
    RunDirectory run = open(path, experiment, false);
    run.append_candidate(some_candidate(1));
    run.append_candidate(some_candidate(2));
    for (const char* id : {"1", "2"}) run.append_training({{TrainingPhase::finetune, id}, 10, 0.5, 0.5, 0.1, 1});
    run.flush();
  }
  const std::string whole = read_file(path / "candidates.csv");
  fs::resize_file(path / "candidates.csv", whole.size() - 5);
  write_file(path / "models" / "1.safetensors.part-123", std::string_view("half"));
  RunDirectory run = open(path, experiment, true);
  BOOST_TEST(run.candidates().size() == 1u);
  BOOST_TEST(whole.starts_with(read_file(path / "candidates.csv")));
  BOOST_TEST(read_file(path / "candidates.csv").back() == '\n');
  BOOST_TEST(!fs::exists(path / "models" / "1.safetensors.part-123"));
  run.keep_trainings([](const Training& training, std::int64_t) { return training.text() == "finetune 1"; });
  BOOST_TEST(read_file(path / "training.csv").find("finetune 2") == std::string::npos);
  BOOST_TEST(read_file(path / "training.csv").find("finetune 1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_changed_experiment_or_machine_is_refused) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run";
  open(path, tiny_experiment(folder.path()), false);
  BOOST_CHECK_EXCEPTION(open(path, tiny_experiment(folder.path(), {"supernet.steps=8"}), true), Error,
                        [](auto& error) { return std::string(error.what()).find("steps = 8") != std::string::npos; });
  BOOST_CHECK_EXCEPTION(
      open(path, tiny_experiment(folder.path(), {"engine.precision=bf16"}), true), Error,
      [](auto& error) { return std::string(error.what()).find("precision = \"bf16\"") != std::string::npos; });
  BOOST_CHECK_THROW(open(path, tiny_experiment(folder.path()), true, "avx512"), Error);
  const auto other_build = [&](const Build& build, bool any_build) {
    RunDirectory(path, tiny_experiment(folder.path()), "a machine", build, true, any_build);
  };
  for (const Build& build : {Build{"0.1.0", "abc-dirty", "avx2"}, Build{"0.1.1", "abc", "avx2"}})
    BOOST_CHECK_EXCEPTION(other_build(build, false), Error, [&](const Error& error) {
      const std::string text = error.what();
      return text.find("0.1.0 abc avx2, got " + build_text(build)) != std::string::npos &&
             text.find("--any-build") != std::string::npos && error.exit_status() == 2;
    });
  BOOST_CHECK_THROW(other_build({"0.1.0", "abc", "avx512"}, true), Error);
  other_build({"0.1.1", "def", "avx2"}, true);
  other_build({"0.1.1", "def", "avx2"}, false);  // it is that build's now
  other_build({"0.1.0", "abc", "avx2"}, true);
  open(path, tiny_experiment(folder.path(), {"search.systems=9", "search.hours=2.5"}), true);
  BOOST_CHECK_EXCEPTION(
      open(path, tiny_experiment(folder.path(), {"search.objectives=[\"f1\"]"}), true), Error,
      [](auto& error) { return std::string(error.what()).find("objectives = [\"f1\"]") != std::string::npos; });
  fs::remove(path / "state" / "build");
  BOOST_CHECK_THROW(open(path, tiny_experiment(folder.path()), true), Error);
  BOOST_TEST(read_file(path / "experiment.toml").find("systems = 9") != std::string::npos);
  write_file(folder.path() / "file", std::string_view("not a folder"));
  BOOST_CHECK_THROW(open(folder.path() / "file", tiny_experiment(folder.path()), false, ""), std::exception);
}

// As versions before the keys objectives and input_bytes wrote it: they mean the defaults.
BOOST_AUTO_TEST_CASE(an_experiment_without_newer_keys_is_the_same) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run", file = path / "experiment.toml";
  const Experiment wide = tiny_experiment(folder.path(), {"device.activation_bytes=2"});
  open(path, wide, false);
  const std::string now = read_file(file);
  std::string older;
  for (std::size_t begin = 0; begin < now.size(); begin = now.find('\n', begin) + 1) {
    const std::string line = now.substr(begin, now.find('\n', begin) + 1 - begin);
    if (!line.starts_with("objectives = ") && !line.starts_with("input_bytes = ")) older += line;
  }
  BOOST_TEST(now.size() - older.size() ==
             std::string("objectives = [\"accuracy\", \"ram_bytes\", \"flash_bytes\"]\ninput_bytes = 2\n").size());
  write_file(file, older);
  open(path, wide, true);
  BOOST_TEST(read_file(file) == now);
  write_file(file, older);
  BOOST_CHECK_THROW(
      open(path, tiny_experiment(folder.path(), {"device.activation_bytes=2", "device.input_bytes=1"}), true), Error);
}

BOOST_AUTO_TEST_CASE(only_run_directories_are_resumed_and_one_process_at_a_time) {
  const TemporaryFolder folder;
  const Experiment experiment = tiny_experiment(folder.path());
  fs::create_directories(folder.path() / "photos");
  write_file(folder.path() / "photos" / "me.txt", std::string_view("me"));
  BOOST_CHECK_THROW(open(folder.path() / "photos", experiment, true), Error);
  BOOST_CHECK_THROW(open(folder.path() / "photos", experiment, false), Error);
  const RunDirectory run = open(folder.path() / "run", experiment, false);
  BOOST_CHECK_EXCEPTION(open(folder.path() / "run", experiment, true), Error, [](auto& error) {
    return std::string(error.what()).find("another danas") != std::string::npos;
  });
}

// A file size limit stands for a full disk.
BOOST_AUTO_TEST_CASE(a_full_disk_leaves_whole_lines) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run";
  RunDirectory run = open(path, tiny_experiment(folder.path()), false);
  run.append_candidate(some_candidate(1));
  run.flush();
  const std::string before = read_file(path / "candidates.csv");
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit smaller{before.size() + 20, limit.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &smaller);
  bool refused = false;
  try {
    run.append_candidate(some_candidate(2));
    run.flush();
  } catch (const Error& error) {
    refused = error.exit_status() == 1;
  }
  ::setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, handler);
  BOOST_TEST(refused);
  BOOST_TEST(read_file(path / "candidates.csv") == before);
  run.flush();  // there is room again
  BOOST_TEST(read_file(path / "candidates.csv") == before + csv_line(candidate_fields(some_candidate(2))));
}

BOOST_AUTO_TEST_CASE(rows_wait_for_a_flush_and_a_superseded_model_for_the_row_that_says_so) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run";
  RunDirectory run = open(path, tiny_experiment(folder.path()), false);
  const fs::path model = path / "models" / "1.safetensors";
  write_file(model, std::string_view("weights"));
  const std::string columns = read_file(path / "candidates.csv");
  run.append_candidate(some_candidate(2));
  run.remove_model(1);
  BOOST_TEST(run.candidates().size() == 1u);
  BOOST_TEST(read_file(path / "candidates.csv") == columns);
  BOOST_TEST(fs::exists(model));
  for (int i = 0; i < 2; ++i) {
    run.flush();
    BOOST_TEST(read_file(path / "candidates.csv") == columns + csv_line(candidate_fields(some_candidate(2))));
    BOOST_TEST(!fs::exists(model));
  }
}

BOOST_AUTO_TEST_CASE(names_below_runs) {
  const TemporaryFolder folder;
  const WorkingFolder working(folder.path());
  BOOST_CHECK_THROW(newest_run_directory("quick"), Error);
  BOOST_TEST(create_run_directory("quick") == "runs/quick");
  fs::create_directories("runs/quick-train");
  BOOST_TEST(newest_run_directory("quick") == "runs/quick");
  for (int i = 2; i <= 11; ++i) BOOST_TEST(create_run_directory("quick") == "runs/quick-" + std::to_string(i));
  BOOST_TEST(newest_run_directory("quick") == "runs/quick-11");
  fs::remove("runs/quick");  // a new run is the newest, whatever was deleted
  BOOST_TEST(create_run_directory("quick") == "runs/quick-12");
  fs::create_directories("blocked");
  write_file("blocked/runs", std::string_view("a file"));
  fs::current_path("blocked");
  BOOST_CHECK_THROW(create_run_directory("quick"), Error);
}

BOOST_AUTO_TEST_SUITE_END()
