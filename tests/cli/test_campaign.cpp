// Campaigns of seconds: several searches from one file, stopped and gone on with, and what a report makes of them.
#include <signal.h>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <thread>

#include "tiny.hpp"

using namespace danas::test;

namespace {

// Supernets of whole networks, as those are any device's.
const std::string campaign = R"(name = "all"
seeds = [1, 2]
set.supernet.scheme = "full"
set.device.name = "STM32F765"

[[run]]
file = "base/tiny.toml"
label = "aware"
seeds = [2]

[[run]]
file = "base/tiny.toml"
label = "fixed"
set.space = { resolution = [32], color = ["rgb"] }

[[run]]
file = "base/tiny.toml"
label = "small"
seeds = [2]
set = ["device.name=Arduino Nano 33 BLE Sense", "search.systems=6"]
)";

struct Scene {
  Scene() {
    scratch.write("base/tiny.toml", tiny_experiment());
    scratch.write("all.toml", campaign);
  }

  Setting setting() const { return {scratch.path(), {}, 0}; }
  Outcome danas(const std::vector<std::string>& arguments) const { return run(arguments, setting()); }
  /// Those that show no times, by name.
  std::map<std::string, std::string> figures(const std::string& folder) const {
    const Outcome outcome = danas({"report", folder, "-o", "page.html", "--figures", folder + "-figures"});
    BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
    std::map<std::string, std::string> kept;
    for (const auto& [name, content] : snapshot(scratch / (folder + "-figures")))
      if (name.find("-time.") == name.npos) kept.emplace(name, content);
    return kept;
  }

  Scratch scratch;
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(campaigns)

BOOST_AUTO_TEST_CASE(killed_and_gone_on_with_it_gives_the_same_figures, *boost::unit_test::label("slow")) {
  const Scene scene;
  const Outcome whole = scene.danas({"all.toml", "--out", "whole"});
  BOOST_TEST_REQUIRE(whole.status == 0, whole.err);
  // fixed-2 and small-2 take all of theirs, as aware-2 has trained them.
  BOOST_TEST(count(whole.err, "that of another run") == 1 + snapshot(scene.scratch / "whole/small-2/supernets").size());
  for (const char* name : {"aware-2", "fixed-1", "fixed-2", "small-2"}) {
    BOOST_TEST(fs::exists(scene.scratch / "whole" / name / "report.html"), name);
    BOOST_TEST(read(scene.scratch / "whole/report.html").find("href=\"" + std::string(name) + "/report.html\"") !=
               std::string::npos);
  }

  Process process({"all.toml", "--out", "stopped", "--quiet"}, scene.setting());
  while (process.running() && !fs::exists(scene.scratch / "stopped/fixed-1/supernets"))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  process.signal(SIGKILL);
  process.wait();
  BOOST_TEST_REQUIRE(!fs::exists(scene.scratch / "stopped/report.html"), "it had ended");
  const auto kept = read(scene.scratch / "stopped/aware-2/candidates.csv");
  const Outcome resumed = scene.danas({"all.toml", "--resume", "stopped", "--quiet"});
  BOOST_TEST_REQUIRE(resumed.status == 0, resumed.err);
  BOOST_TEST(read(scene.scratch / "stopped/aware-2/candidates.csv") == kept);  // what was finished is passed over

  const auto wanted = scene.figures("whole"), got = scene.figures("stopped");
  BOOST_TEST(wanted.size() == got.size());
  BOOST_TEST(wanted.contains("figure-7-images.svg"));
  BOOST_TEST(wanted.contains("figure-4-ram.pdf"));
  for (const auto& [name, content] : wanted) BOOST_TEST((got.at(name) == content), name << " differs");
}

BOOST_AUTO_TEST_CASE(interrupted_it_says_how_to_go_on) {
  const Scene scene;
  Process process({"all.toml", "--quiet"}, scene.setting());
  while (process.running() && !fs::exists(scene.scratch / "runs/all/aware-2/supernets"))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  process.signal(SIGINT);
  const Outcome outcome = process.wait();
  BOOST_TEST(outcome.status == 130, outcome.err);
  BOOST_TEST(outcome.out.find("danas all.toml --resume runs/all\n") != std::string::npos, outcome.out);
  BOOST_TEST(fs::exists(scene.scratch / "runs/all/campaign.csv"));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_before_anything_runs) {
  const Scene scene;
  const auto complain = [&](const std::string& text, const std::string& message) {
    scene.scratch.write("bad.toml", text);
    for (const char* command : {"search", "check"}) check_error(scene.danas({command, "bad.toml"}), 2, message);
    BOOST_TEST(!fs::exists(scene.scratch / "runs"));
  };
  const std::string run = "[[run]]\nfile = \"base/tiny.toml\"\n";
  complain("name = \"x\"\n[[run]]\nlabel = \"a\"\n", "[bad.toml:2: run] expected the key file");
  complain("[[run]]\nfile = \"none.toml\"\n", "[bad.toml:2: run.file] expected an experiment file");
  complain(run + "sed = [1]\n", "[bad.toml:3: run.sed] expected a known key");
  complain("sets = 1\n" + run, "[bad.toml:1: sets] expected a known key");
  complain(run + "seeds = [1, -2]\n", "[bad.toml:3: run.seeds] expected whole numbers");
  complain(run + "seeds = [1, 1]\n", "expected a label and seeds that no other run has, got tiny-1");
  complain(run + "search_seeds = [1, 1]\n", "expected a label and seeds that no other run has, got tiny-3-1");
  complain(run + "seeds = [1]\n" + run + "seeds = [2]\n",
           "[bad.toml:4: run] expected a label that no other [[run]] has, got tiny");
  complain(run + "label = \"a/b\"\n", "[bad.toml:3: run.label] expected a label of letters");
  complain(run + "set = { search.systems = 0 }\n",
           "[bad.toml:1: run] [--set search.systems=0] expected a whole number");
  complain(run + "set = [\"seed=3\"]\n", "[bad.toml:3: run.set] expected label and seeds");
  complain("run = 3\n", "[bad.toml:1: run] expected [[run]] tables");
  check_error(scene.danas({"all.toml", "--set", "search.sistems=3"}), 2, "the nearest is search.systems");
  check_error(scene.danas({"all.toml", "--device", "gpu"}), 2, "[--device] expected auto, cpu, cuda");
  BOOST_TEST(!fs::exists(scene.scratch / "runs"));
}

BOOST_AUTO_TEST_CASE(a_check_sums_its_runs) {
  const Scene scene;
  const Outcome outcome = scene.danas({"check", "all.toml"});
  BOOST_TEST_REQUIRE(outcome.status == 0, outcome.err);
  for (const char* part : {"aware-2", "fixed-1", "small-2", "in all", "supernets"})
    BOOST_TEST(outcome.out.find(part) != std::string::npos, outcome.out);
}

BOOST_AUTO_TEST_SUITE_END()
