// The layer-based search from its experiment file to its results.
#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/candidate_fields.hpp"
#include "nas/estimators.hpp"
#include "nas/prospect.hpp"
#include "nas/training_memory.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

std::string naive_toml(const fs::path& folder) {
  return "name = \"naive\"\n" + tiny_data(folder) + R"([space]
network = "layers"
resolution = [24, 32]
color = ["monochrome", "rgb"]
filters = [2, 4, 8]
layers = 3
[scratch]
steps = 6
batch = 8
[final]
steps = 3
batch = 8
[search]
systems = 14
population = 4
skip_violators = true
evaluation_batch = 8
[device]
name = "tiny board"
ram_kib = 9
flash_kib = 20
[fitness]
penalty = "fixed"
)";
}

Experiment naive(const fs::path& folder, const std::vector<std::string>& overrides = {}) {
  return parse_experiment(naive_toml(folder), folder / "naive.toml", overrides);
}

std::string complaint(const std::vector<std::string>& overrides, const std::string& before, const std::string& after) {
  std::string toml = naive_toml("/somewhere");
  toml.replace(toml.find(before), before.size(), after);
  try {
    parse_experiment(toml, "/somewhere/naive.toml", overrides);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(naive_search)

BOOST_AUTO_TEST_CASE(is_read_and_written) {
  const Experiment e = naive("/somewhere");
  BOOST_TEST(!e.space.sliced());
  BOOST_TEST(e.space.size() == 4 * (12 + 12 * 12 + 12 * 12 * 12));
  BOOST_TEST(e.candidate_training().steps == 6);
  BOOST_TEST((e.penalty == Penalty::fixed));
  const std::string toml = e.to_toml();
  const Experiment again = parse_experiment(toml, "/somewhere/naive.toml");
  BOOST_TEST(again.to_toml() == toml);
  BOOST_TEST(again.space.size() == e.space.size());
  BOOST_TEST(toml.find("[supernet]") == std::string::npos);
  BOOST_TEST(parse_experiment("[data]\nkind = \"synthetic\"\n", "/e.toml").to_toml().find("[scratch]") ==
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(switches_of_slices_are_off) {
  const Experiment e = naive("/somewhere", {"protocol=published"});
  Switches wanted;
  wanted.select_on_test = wanted.one_score = wanted.breed_in_order = wanted.admit_violators = true;
  wanted.bilinear_resize = wanted.constant_noise = true;
  wanted.begin_with_one_layer = wanted.keep_layer_count = true;
  BOOST_TEST((e.switches == wanted));
  BOOST_TEST((parse_experiment(e.to_toml(), "/somewhere/naive.toml").switches == wanted));
}

BOOST_AUTO_TEST_CASE(keys_of_other_networks_are_refused) {
  const auto names = [](const std::string& text, const char* part) {
    BOOST_TEST(text.find(part) != std::string::npos, text);
  };
  names(complaint({}, "[scratch]", "[supernet]"), "supernet");
  names(complaint({"finetune.steps=3"}, "layers = 3", ""), "finetune");
  names(complaint({"space.width=[0.5]"}, "layers = 3", ""), "space.width");
  names(complaint({}, "network = \"layers\"", ""), "scratch");
  names(complaint({"space.layers=6"}, "layers = 3", ""), "leave something of 24 pixels");
  names(complaint({"space.filters=[2,2]"}, "layers = 3", ""), "space.filters");
  names(complaint({"engine.micro_batch=3"}, "layers = 3", ""), "scratch.batch");
}

BOOST_AUTO_TEST_CASE(fitness_is_one_within_a_limit_and_minus_four_over_it) {
  const Measures limits = Device{"board", 1, 2}.limits();
  const auto of = [&](double ram, double flash) {
    const Measures measures{{Measure::accuracy, 0.75},
                            {Measure::precision, 0.5},
                            {Measure::recall, 0.25},
                            {Measure::ram_bytes, ram},
                            {Measure::flash_bytes, flash}};
    return fitness(measures, limits, equal_weights(), Penalty::fixed);
  };
  BOOST_TEST(of(1024, 2048) == 1.5 + 2);
  BOOST_TEST(of(1025, 2048) == 1.5 + 1 - 4);
  BOOST_TEST(of(1025, 1e9) == 1.5 - 8);
}

// By hand: sides 24 → 22 → 18; 10 hidden units see 18·18·4 numbers.
BOOST_AUTO_TEST_CASE(needs_of_a_stack) {
  const Measures needs = estimate(parse_system("24,rgb,8x3r-4x5s"), 2, {}, {});
  const double first = 9 * 3 * 8 + 8, second = 25 * 8 * 4 + 4, hidden = 18 * 18 * 4 * 10 + 10, logits = 22;
  BOOST_TEST(needs[Measure::parameters] == first + second + hidden + logits);
  BOOST_TEST(needs[Measure::flash_bytes] == needs[Measure::parameters]);
  BOOST_TEST(needs[Measure::ram_bytes] == 24 * 24 * 3 + 22 * 22 * 8);
}

BOOST_AUTO_TEST_CASE(trainings_that_do_not_fit_are_not_begun) {
  const Experiment e = naive("/somewhere");
  const auto backend = make_cpu_backend(1, "portable");
  const System small = parse_system("24,monochrome,2x3r"), large = parse_system("32,rgb,8x3r-8x3s-2x5r"),
               violating = parse_system("32,rgb,8x5r");
  const Prospects ample{e, 2, *backend, 1e12};
  BOOST_TEST((ample.of(small) == Outcome::evaluated));
  BOOST_TEST((ample.of(violating) == Outcome::over_limits));
  const Experiment lenient = naive("/somewhere", {"search.skip_violators=false"});
  BOOST_TEST((Prospects{lenient, 2, *backend, 1e12}.of(violating) == Outcome::evaluated));
  const Prospects tight{lenient, 2, *backend, ample.training_bytes(large) - 1};
  BOOST_TEST((tight.of(large) == Outcome::no_memory));
  BOOST_TEST((tight.of(small) == Outcome::evaluated));
  BOOST_TEST(largest_training(e, 2, *backend, 100).bytes == 75);
}

// No supernet; what exceeds a limit has a row and its fitness, and nothing was trained for it.
BOOST_AUTO_TEST_CASE(a_search_ends_the_same_after_a_stop) {
  const TemporaryFolder folder;
  const Experiment experiment = naive(folder.path());
  const fs::path whole = folder.path() / "whole";
  int calls = 0;
  run_tiny(experiment, whole, false, 1, [&](int call, auto&) { calls = call; });
  const auto expected = results(whole);
  const std::vector<Candidate> rows = candidates_of(whole);
  BOOST_TEST(rows.size() == 14u);
  std::int64_t trained = 0;
  for (const Candidate& row : rows) {
    BOOST_TEST(row.skipped() != row.fits());
    BOOST_TEST(row.skipped() == (row.outcome == Outcome::over_limits));
    BOOST_TEST((row.skipped() ? row.fitness < -2 : row.fitness >= 2), row.fitness);
    trained += !row.skipped();
  }
  BOOST_TEST((trained >= 4 && trained < 14), trained);
  BOOST_TEST(fs::is_empty(whole / "supernets"));
  const auto summary = nlohmann::json::parse(read_file(whole / "summary.json"));
  const auto front = summary.at("front_size").get<std::int64_t>();
  BOOST_TEST(front > 0);
  BOOST_TEST(summary.at("supernets") == 0);
  BOOST_TEST(summary.at("images_trained").get<std::int64_t>() >= (6 * trained + 3 * front) * 8);

  const fs::path threads = folder.path() / "threads";
  run_tiny(experiment, threads, false, 3);
  check_same_results(expected, threads);
  for (const int moment : {2, calls / 2, calls * 3 / 4}) {
    BOOST_TEST_CONTEXT("interrupted at progress " << moment << " of " << calls) {
      const fs::path stopped = folder.path() / ("run" + std::to_string(moment));
      BOOST_TEST(run_tiny(experiment, stopped, false, 1, [&](int call, auto& flag) {
                   flag = flag || call == moment;
                 }).interrupted);
      run_tiny(experiment, stopped, true, 2);
      check_same_results(expected, stopped);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
