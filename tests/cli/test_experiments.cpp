// The experiment files that come with danas.
#include <boost/test/unit_test.hpp>

#include "process.hpp"

using namespace danas::test;

namespace {

std::vector<fs::path> experiment_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(source_folder() / "experiments")) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  return files;
}

bool mentions(const fs::path& file, const std::string& text) { return read(file).find(text) != std::string::npos; }

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

BOOST_AUTO_TEST_CASE(each_checks_on_real_pictures, *boost::unit_test::label("slow")) {
  const auto data = source_folder().parent_path() / "shared/data";
  if (!fs::exists(data)) {
    BOOST_TEST_MESSAGE("skipped: there are no pictures in " << data);
    return;
  }
  const Scratch scratch;
  const Setting setting{scratch.path(), {{"DANAS_DATA", data}, {"WAKE_VISION", data / "wake_vision_mini"}}, 0};
  for (const auto& file : experiment_files()) {
    if (!mentions(file, "$WAKE_VISION") && !mentions(file, "$DANAS_DATA")) continue;
    BOOST_TEST_CONTEXT(file.filename()) {
      const Outcome outcome = run({"check", file.string()}, setting);
      BOOST_TEST(outcome.status == 0, outcome.err);
      BOOST_TEST(outcome.out.find("validation") != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
