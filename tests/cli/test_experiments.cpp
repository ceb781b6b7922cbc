// The experiment files that come with danas.
#include <boost/test/unit_test.hpp>

#include "process.hpp"

using namespace danas::test;

namespace {

bool mentions(const fs::path& file, const std::string& text) { return read(file).find(text) != std::string::npos; }

// Without campaigns, whose runs are these files with other numbers.
std::vector<fs::path> experiment_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(source_folder() / "experiments")) {
    if (entry.path().extension() == ".toml" && !mentions(entry.path(), "[[run]]")) files.push_back(entry.path());
  }
  return files;
}

fs::path real_data() { return source_folder().parent_path() / "shared/data"; }

boost::test_tools::assertion_result has_real_data(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result(fs::exists(real_data()));
  result.message() << "there are no pictures in " << real_data();
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(experiments)

BOOST_AUTO_TEST_CASE(each_checks_or_says_what_data_is_missing) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  int checked = 0;
  for (const auto& file : experiment_files()) {
    BOOST_TEST_CONTEXT(file.filename()) {
      const Outcome outcome = run({"check", file.string()}, setting);
      if (mentions(file, "$WAKE_VISION")) {
        check_error(outcome, 2, "WAKE_VISION");
      } else if (mentions(file, "$DANAS_DATA")) {
        check_error(outcome, 2, "DANAS_DATA");
      } else {
        BOOST_TEST(outcome.status == 0, outcome.err);
        for (const std::string word : {"train", "systems", "supernets", "fit", "disk", "time"}) {
          BOOST_TEST(outcome.out.find(word) != std::string::npos, word << " is not in: " << outcome.out);
        }
      }
      ++checked;
    }
  }
  BOOST_TEST(checked >= 6);
}

BOOST_AUTO_TEST_CASE(without_data_a_search_leaves_nothing) {
  const Scratch scratch;
  const auto file = source_folder() / "experiments/large.toml";
  check_error(run({file.string(), "--quiet"}, {scratch.path(), {}, 0}), 2,
              "WAKE_VISION is not set; download Wake Vision (wakevision.ai)");
  BOOST_TEST(!fs::exists(scratch / "runs"));
}

BOOST_AUTO_TEST_CASE(each_checks_on_real_pictures,
                     *boost::unit_test::label("slow") * boost::unit_test::precondition(has_real_data)) {
  const Scratch scratch;
  const Setting setting{
      scratch.path(), {{"DANAS_DATA", real_data()}, {"WAKE_VISION", real_data() / "wake_vision_mini"}}, 0};
  for (const auto& file : experiment_files()) {
    if (!mentions(file, "$WAKE_VISION") && !mentions(file, "$DANAS_DATA")) continue;
    BOOST_TEST_CONTEXT(file.filename()) {
      const Outcome outcome = run({"check", file.string()}, setting);
      BOOST_TEST(outcome.status == 0, outcome.err);
      BOOST_TEST(outcome.out.find("validation") != std::string::npos);
    }
  }
}

// The layout of Wake Vision from the file on disk to the report; too few steps to learn anything.
BOOST_AUTO_TEST_CASE(a_search_over_wake_vision,
                     *boost::unit_test::label("slow") * boost::unit_test::precondition(has_real_data)) {
  const Scratch scratch;
  std::vector<std::string> arguments{(source_folder() / "experiments/wake_vision_mini.toml").string(), "--out", "run"};
  for (const std::string change : {"supernet.steps=3", "supernet.warmup=1", "finetune.steps=2", "final.steps=2",
                                   "search.systems=3", "search.recalibration_images=64", "space.resolution=[64]"}) {
    arguments.insert(arguments.end(), {"--set", change});
  }
  const Outcome outcome = run(arguments, {scratch.path(), {{"DANAS_DATA", real_data()}}, 0});
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.err.find("classes no person, person") != std::string::npos, outcome.err);
  BOOST_TEST(fs::exists(scratch / "run/report.html"));
}

BOOST_AUTO_TEST_SUITE_END()
