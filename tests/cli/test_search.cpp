// Whole searches of seconds: what they write, that they can be stopped anywhere, and that threads change nothing.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "base/build.hpp"
#include "tiny.hpp"

using namespace danas::test;

namespace {

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> values(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      values.emplace_back();
    } else {
      values.back() += c;
    }
  }
  return values;
}

std::vector<std::vector<std::string>> table(const fs::path& file) {
  std::istringstream stream(read(file));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(stream, line);) rows.push_back(fields(line));
  return rows;
}

/// A table without the columns that hold times.
std::vector<std::vector<std::string>> timeless(const fs::path& file) {
  auto rows = table(file);
  BOOST_TEST_REQUIRE(!rows.empty(), file);
  const auto header = rows.front();
  for (auto& row : rows) {
    BOOST_TEST_REQUIRE(row.size() == header.size(), file);
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (header[i].ends_with("_seconds")) row[i].clear();
    }
  }
  return rows;
}

std::size_t candidates(const fs::path& run) {
  const std::string content = read(run / "candidates.csv");
  const auto lines = static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n'));
  return lines > 0 ? lines - 1 : 0;
}

/// Same candidates, front and model bytes.
void check_same_result(const fs::path& a, const fs::path& b) {
  BOOST_TEST((timeless(a / "candidates.csv") == timeless(b / "candidates.csv")));
  BOOST_TEST((timeless(a / "front.csv") == timeless(b / "front.csv")));
  for (const std::string folder : {"models", "supernets"}) {
    BOOST_TEST((snapshot(a / folder) == snapshot(b / folder)), folder << " differ");
  }
}

/// One scratch folder with one finished run, shared by the cases.
struct Finished {
  Scratch scratch;
  Setting setting{scratch.path(), {}, 0};
  std::string experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  Outcome outcome = run({experiment, "--out", "whole", "--threads", "2"}, setting);
  fs::path whole = scratch / "whole";
};

const Finished& finished() {
  static const Finished one;
  return one;
}

/// Starts the search in `out`, and sends `number` once the run directory is there with so many candidates.
Outcome stopped(const std::string& out, std::size_t rows, int number) {
  const Finished& one = finished();
  Process process({one.experiment, "--out", out, "--quiet"}, one.setting);
  const fs::path run = one.scratch / out;
  while (process.running() && !(fs::exists(run / "candidates.csv") && candidates(run) >= rows)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  process.signal(number);
  return process.wait();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(searches)

BOOST_AUTO_TEST_CASE(a_search_writes_its_run_directory) {
  const Finished& one = finished();
  BOOST_TEST_REQUIRE(one.outcome.status == 0, one.outcome.err);
  for (const std::string name :
       {"experiment.toml", "candidates.csv", "training.csv", "front.csv", "summary.json", "report.html", "log.txt"}) {
    BOOST_TEST(fs::exists(one.whole / name), name << " is missing");
  }
  for (const std::string word : {"best system", "accuracy", "RAM", "flash", "front", "model", "report.html"}) {
    BOOST_TEST(one.outcome.out.find(word) != std::string::npos, word << " is not in: " << one.outcome.out);
  }
  BOOST_TEST(candidates(one.whole) == 8u);
  std::set<std::string> systems;
  const auto rows = table(one.whole / "candidates.csv");
  for (std::size_t i = 1; i < rows.size(); ++i) systems.insert(rows[i].at(4) + " " + rows[i].at(5));
  BOOST_TEST(systems.size() == 8u);  // no system twice
  const auto front = table(one.whole / "front.csv");
  BOOST_TEST_REQUIRE(front.size() > 1u);
  for (std::size_t i = 1; i < front.size(); ++i) {
    BOOST_TEST(fs::exists(one.whole / "models" / (front[i][0] + ".safetensors")));
    BOOST_TEST(fs::exists(one.whole / "models" / (front[i][0] + ".layers.csv")));
  }
  BOOST_TEST(!fs::is_empty(one.whole / "supernets"));
}

BOOST_AUTO_TEST_CASE(the_summary_is_json_with_the_agreed_keys) {
  const auto json = nlohmann::json::parse(read(finished().whole / "summary.json"));
  for (const auto* key : {"best", "front_size", "systems", "supernets", "images_trained", "images_evaluated", "seconds",
                          "peak_memory_mib", "device", "version"}) {
    BOOST_TEST(json.contains(key), key);
  }
  BOOST_TEST(json.at("systems") == 8);
  BOOST_TEST(json.at("version") == danas::version());
}

BOOST_AUTO_TEST_CASE(models_of_the_front_predict_and_evaluate) {
  const Finished& one = finished();
  const auto front = table(one.whole / "front.csv");
  const auto& header = front.at(0);
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  const auto model = one.whole / "models" / (front.at(1).at(0) + ".safetensors");
  const Outcome outcome = run({"evaluate", one.experiment, "--model", model, "--json", "--quiet"}, one.setting);
  BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
  const double accuracy = nlohmann::json::parse(outcome.out).at("accuracy");
  BOOST_TEST(std::abs(accuracy - std::stod(front[1].at(column("test_accuracy")))) < 1e-4);
}

BOOST_AUTO_TEST_CASE(training_starts_from_a_supernet_of_the_run) {
  const Finished& one = finished();
  const auto row = table(one.whole / "candidates.csv").at(1);
  auto system = row.at(4) + "," + row.at(5);
  std::replace(system.begin(), system.begin() + static_cast<std::ptrdiff_t>(row.at(4).size()), '-', ',');
  std::replace(system.begin(), system.end(), ' ', ',');
  const Outcome outcome = run({"train", one.experiment, "--arch", system, "--init", "whole", "--out", "tuned", "--json",
                               "--split", "test", "--quiet"},
                              one.setting);
  BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
  BOOST_TEST(nlohmann::json::parse(outcome.out).at("arch") == system);
  BOOST_TEST(fs::exists(one.scratch / "tuned/model.safetensors"));
}

BOOST_AUTO_TEST_CASE(a_system_deeper_than_the_supernet_is_refused) {
  const Finished& one = finished();
  const auto data = table(one.whole / "candidates.csv").at(1).at(4);
  const std::string system = data.substr(0, 2) + "," + data.substr(3) + ",2-1-1-0-0,0.3";
  check_error(
      run({"train", one.experiment, "--arch", system, "--init", "whole", "--out", "deep", "--quiet"}, one.setting), 2,
      "at most the depths 1-1-1-0-0, got 2-1-1-0-0");
}

BOOST_AUTO_TEST_CASE(a_training_shorter_than_its_warmup_is_refused) {
  const Finished& one = finished();
  check_error(run({"train", one.experiment, "--arch", "32,rgb,0-0-0-0-0,0.1", "--out", "short", "--steps", "2", "--set",
                   "supernet.warmup=3", "--quiet"},
                  one.setting),
              2, "expected at least supernet.warmup, 3, got 2");
  BOOST_TEST(!fs::exists(one.scratch / "short"));
}

BOOST_AUTO_TEST_CASE(reports_are_made_from_the_directory_alone) {
  const Finished& one = finished();
  const Outcome outcome = run({"report", "whole", "-o", "again.html", "--figures", "figures"}, one.setting);
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(read(one.scratch / "again.html").find("<html") != std::string::npos);
  BOOST_TEST(read(one.scratch / "figures/front-whole.svg").find("<svg") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_thread_gives_the_same_bytes) {
  const Finished& one = finished();
  const Outcome outcome = run({one.experiment, "--out", "single", "--threads", "1", "--quiet"}, one.setting);
  BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.err == "");  // quiet
  check_same_result(one.whole, one.scratch / "single");
}

BOOST_AUTO_TEST_CASE(resuming_a_finished_run_changes_nothing) {
  const Finished& one = finished();
  fs::copy(one.whole, one.scratch / "done", fs::copy_options::recursive);
  const Outcome outcome = run({one.experiment, "--resume", "done", "--quiet"}, one.setting);
  BOOST_TEST(outcome.status == 0, outcome.err);
  auto before = snapshot(one.whole), after = snapshot(one.scratch / "done");
  for (auto* files : {&before, &after}) {
    auto summary = nlohmann::json::parse((*files)["summary.json"]);
    summary.erase("seconds");
    summary.erase("peak_memory_mib");
    (*files)["summary.json"] = summary.dump();
    // The log grows, the clock goes on, and the report tells the time taken.
    for (const std::string name : {"log.txt", "report.html", "state/progress.json"}) files->erase(name);
  }
  BOOST_TEST(before.size() == after.size());
  for (const auto& [name, content] : before) BOOST_TEST((after[name] == content), name << " changed");
}

BOOST_AUTO_TEST_CASE(a_changed_experiment_does_not_resume) {
  const Finished& one = finished();
  check_error(run({one.experiment, "--resume", "whole", "--set", "seed=4", "--quiet"}, one.setting), 2, "seed");
}

BOOST_AUTO_TEST_CASE(another_build_resumes_when_told_to) {
  const Finished& one = finished();
  fs::copy(one.whole, one.scratch / "other", fs::copy_options::recursive);
  const std::string build = read(one.scratch / "other/state/build");
  const std::string set = build.substr(build.rfind(' '));
  one.scratch.write("other/state/build", "0.0.9 0123456789ab" + set);
  check_error(run({one.experiment, "--resume", "other", "--quiet"}, one.setting), 2, "0.0.9 0123456789ab");
  const Outcome outcome = run({one.experiment, "--resume", "other", "--any-build", "--quiet"}, one.setting);
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(read(one.scratch / "other/state/build") == build);
  check_error(run({one.experiment, "--any-build"}, one.setting), 2, "--resume");
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_cleanly_and_resumes) {
  const Finished& one = finished();
  const Outcome outcome = stopped("interrupted", 3, SIGINT);
  BOOST_TEST(outcome.status == 130, outcome.err);
  BOOST_TEST(outcome.out.find("--resume interrupted") != std::string::npos, outcome.out);
  BOOST_TEST(fs::exists(one.scratch / "interrupted/report.html"));
  BOOST_TEST(!fs::exists(one.scratch / "interrupted/front.csv"));
  const Outcome resumed = run({one.experiment, "--resume", "interrupted", "--quiet"}, one.setting);
  BOOST_TEST(resumed.status == 0, resumed.err);
  check_same_result(one.whole, one.scratch / "interrupted");
}

BOOST_AUTO_TEST_CASE(killed_at_any_moment_it_resumes_to_the_same_front, *boost::unit_test::label("slow")) {
  const Finished& one = finished();
  for (const std::size_t rows : {0, 1, 2, 5, 7, 8}) {
    BOOST_TEST_CONTEXT("killed after " << rows << " systems") {
      const std::string out = "killed-" + std::to_string(rows);
      BOOST_TEST(stopped(out, rows, SIGKILL).status == 128 + SIGKILL);
      const Outcome resumed = run({one.experiment, "--resume", out, "--quiet"}, one.setting);
      BOOST_TEST(resumed.status == 0, resumed.err);
      check_same_result(one.whole, one.scratch / out);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
