#include <boost/test/unit_test.hpp>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/model_file.hpp"
#include "results/candidate_table.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> diverging(const std::string& part) {
  return {part + ".optimizer=sgd", part + ".learning_rate=1000", part + ".steps=30"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(divergence)

BOOST_AUTO_TEST_CASE(a_candidate_that_diverges_is_recorded_as_such) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  std::vector<std::string> changes = diverging("finetune");
  changes.push_back("search.systems=2");
  const auto json =
      nlohmann::json::parse(run_tiny(tiny_experiment(folder.path(), changes), directory, false).summary_json);
  BOOST_TEST(json.at("systems") == 2);
  BOOST_TEST(json.at("diverged") == 2);
  BOOST_TEST(json.at("best").is_null());
  BOOST_TEST(fs::is_empty(directory / "models"));
  BOOST_TEST(front_of(directory).empty());
  for (const Candidate& c : candidates_of(directory)) {
    BOOST_TEST((c.outcome == Outcome::diverged));
    for (const MeasureInfo& score : scores) BOOST_TEST(c.measures[score.measure] == 0);
    const Experiment experiment = tiny_experiment(folder.path(), changes);
    BOOST_TEST(c.fitness == fitness(c.measures, experiment.device.limits(), experiment.fitness));
    BOOST_TEST(c.measures[Measure::flash_bytes] > 0);
  }
  const std::string log = read_file(directory / "log.txt");
  BOOST_TEST(log.find("fine-tuning of system 1 diverged: [training] expected a finite") != std::string::npos, log);
  BOOST_TEST(log.find("lower learning_rate of [finetune]") != std::string::npos, log);
  BOOST_TEST(log.find("every system diverged") != std::string::npos, log);
  BOOST_TEST(log.find("no system fits") == std::string::npos, log);
  changes.back() = "search.systems=4";
  run_tiny(tiny_experiment(folder.path(), changes), directory, true);  // a resume goes on
  BOOST_TEST(candidates_of(directory).size() == 4u);
}

// As the fine-tuning left it, whether the final training's loss or the statistics after it are not finite.
BOOST_AUTO_TEST_CASE(a_final_training_that_diverges_falls_back) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run", before = folder.path() / "before";
  std::vector<std::string> changes = diverging("final");
  changes.push_back("search.systems=3");
  const Experiment experiment = tiny_experiment(folder.path(), changes);
  run_tiny(experiment, directory, false, 1, {}, [&](int) {
    const bool all = fs::exists(directory / "candidates.csv") && candidates_of(directory).size() == 3;
    if (all && !fs::exists(before)) fs::copy(directory, before, fs::copy_options::recursive);
  });
  const std::vector<FrontRow> front = front_of(directory);
  BOOST_REQUIRE(!front.empty());
  const auto candidates = candidates_of(directory);
  const auto backend = make_cpu_backend(1);
  for (const FrontRow& c : front) {
    BOOST_TEST((c.outcome == Outcome::fallback));
    const Candidate& tuned_only = candidates.at(static_cast<std::size_t>(c.id) - 1);
    for (const MeasureInfo& each : all_measures)
      BOOST_TEST(c.measures[each.measure] == tuned_only.measures[each.measure]);
    BOOST_TEST(c.fitness == tuned_only.fitness);
    const std::string name = std::to_string(c.id) + ".safetensors";
    Metadata tuned, final;
    const Network a = load_model(*backend, before / "models" / name, tuned);
    const Network b = load_model(*backend, directory / "models" / name, final);
    BOOST_TEST(tuned.at("stage") == "finetuned");
    BOOST_TEST(final.at("stage") == "final");
    for (std::size_t i = 0; i < a.weights().size(); ++i)
      BOOST_TEST(std::memcmp(a.weights()[i].view.data, b.weights()[i].view.data, a.weights()[i].view.bytes()) == 0);
  }
  const std::string log = read_file(directory / "log.txt");
  BOOST_TEST(log.find("diverged, the model of before stays: [training]") != std::string::npos, log);
  // Killed before the rows were written: the saved model says that it is a fallback.
  const auto expected = results(directory);
  for (const char* file : {"front.csv", "summary.json"}) fs::remove(directory / file);
  const std::string columns = csv_line(candidate_columns());
  for (const char* file : {"final.csv", "test.csv"}) write_file(directory / "state" / file, columns);
  run_tiny(experiment, directory, true);
  check_same_results(expected, directory);
}

// What a network of weights that grew without bound leaves behind is never a model that cannot be read.
BOOST_AUTO_TEST_CASE(absurd_learning_rates) {
  const TemporaryFolder folder;
  for (const char* rate : {"300", "1000"}) {
    const fs::path directory = folder.path() / rate;
    std::vector<std::string> changes{"search.systems=3"};
    for (const std::string part : {"finetune", "final"})
      for (const std::string& change : {part + ".learning_rate=" + rate, part + ".steps=6"}) changes.push_back(change);
    run_tiny(tiny_experiment(folder.path(), changes), directory, false);
    const auto backend = make_cpu_backend(1);
    for (const auto& entry : fs::directory_iterator(directory / "models")) {
      Metadata metadata;
      if (entry.path().extension() == ".safetensors") load_model(*backend, entry.path(), metadata);
    }
    changes[0] = "search.systems=4";
    run_tiny(tiny_experiment(folder.path(), changes), directory, true);
    BOOST_TEST(candidates_of(directory).size() == 4u);
  }
}

BOOST_AUTO_TEST_CASE(a_supernet_that_diverges_ends_the_search) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const Experiment experiment = tiny_experiment(folder.path(), diverging("supernet"));
  for (const bool resume : {false, true})
    BOOST_CHECK_EXCEPTION(run_tiny(experiment, directory, resume), Error, [](const Error& error) {
      const std::string text = error.what();
      return error.exit_status() == 1 && text.starts_with("[supernet 32-") &&
             text.find("lower learning_rate of [supernet]") != std::string::npos;
    });
  BOOST_TEST(read_file(directory / "log.txt").find("failed with 0 systems on record: [supernet") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
