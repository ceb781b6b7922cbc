#include <boost/test/unit_test.hpp>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/error.hpp"
#include "base/file.hpp"
#include "data/preparation.hpp"
#include "nas/candidate.hpp"
#include "nn/checkpoint.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

std::vector<Candidate> candidates_of(const fs::path& directory) {
  std::vector<Candidate> candidates;
  const CsvTable table = CsvTable::read(directory / "candidates.csv");
  table.require_columns(candidate_columns());
  for (std::size_t row = 0; row < table.rows(); ++row)
    candidates.push_back(parse_candidate(table.row(row), table.where(row)));
  return candidates;
}

CsvTable front_of(const fs::path& directory) {
  CsvFields columns = candidate_columns();
  for (const char* column : {"test_accuracy", "test_precision", "test_recall", "test_f1"}) columns.push_back(column);
  CsvTable table = CsvTable::read(directory / "front.csv");
  table.require_columns(columns);
  return table;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(search)

BOOST_AUTO_TEST_CASE(a_whole_search) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const Experiment experiment = tiny_experiment(folder.path());
  const SearchResult result = run_tiny(experiment, directory, false);
  BOOST_TEST(!result.interrupted);

  const auto candidates = candidates_of(directory);
  BOOST_REQUIRE(candidates.size() == 8u);
  std::set<std::string> systems;
  std::set<std::string> data;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    BOOST_TEST(c.id == static_cast<std::int64_t>(i) + 1);
    BOOST_TEST(systems.insert(c.system.text()).second);
    BOOST_TEST(c.split == "validation");
    const Resources resources = estimate(system_shape(c.system, 2));
    BOOST_TEST(c.resources.ram_bytes == resources.ram_bytes);
    BOOST_TEST(c.resources.flash_bytes == resources.flash_bytes);
    BOOST_TEST(c.violation.ram == std::max(0LL, resources.ram_bytes - 24 * 1024));
    BOOST_TEST(c.fitness == fitness(c.metrics, c.violation, experiment.device, experiment.fitness));
    if (i > 0) BOOST_TEST(c.elapsed_seconds >= candidates[i - 1].elapsed_seconds);
    data.insert(c.system.data.text());
  }
  for (const std::string& name : data) {
    const auto backend = make_cpu_backend(1);
    Metadata metadata;
    const Network supernet = load_supernet(*backend, directory / "supernets" / (name + ".safetensors"),
                                           {32, name == "32-rgb" ? Color::rgb : Color::monochrome}, preparation_name,
                                           metadata);
    BOOST_TEST(metadata.at("depth") == "2-1-1-1-0");  // no candidate can use more
    BOOST_TEST(supernet.shape().exit_stage() == 6);
  }

  const auto json = nlohmann::json::parse(result.summary_json);
  BOOST_TEST(read_file(directory / "summary.json") == result.summary_json);
  BOOST_TEST(json.at("systems") == 8);
  BOOST_TEST(json.at("supernets") == data.size());
  const CsvTable front = front_of(directory);
  BOOST_REQUIRE(front.rows() > 0);
  BOOST_TEST(json.at("front_size") == front.rows());
  double best = 0;
  std::vector<Candidate> members;
  std::set<std::string> files;
  for (std::size_t row = 0; row < front.rows(); ++row) {
    const CsvFields fields = front.row(row);
    members.push_back(parse_candidate(fields, front.where(row)));
    best = std::max(best, members.back().metrics.accuracy);
    BOOST_TEST(members.back().violation.none());
    for (const char* end : {".safetensors", ".layers.csv"}) files.insert(fields[0] + end);
    Metadata metadata;
    const auto backend = make_cpu_backend(1);
    const Network model =
        load_model(*backend, directory / "models" / (fields[0] + ".safetensors"), preparation_name, metadata);
    BOOST_TEST(metadata.at("stage") == "final");
    BOOST_TEST(metadata.at("system") == members.back().system.text());
  }
  BOOST_TEST(front_within_limits(members).size() == members.size());
  BOOST_TEST(json.at("best").at("validation").at("accuracy") == best);
  BOOST_TEST(json.at("best").at("test").contains("f1"));
  for (const auto& entry : fs::directory_iterator(directory / "models"))
    BOOST_TEST(files.erase(entry.path().filename().string()) == 1u);
  BOOST_TEST(files.empty());
  // 7 steps a supernet, 2 a system, 3 a system of the candidates' front; batches of 8.
  const std::int64_t finals = static_cast<std::int64_t>(front_within_limits(candidates).size());
  BOOST_TEST(json.at("images_trained") == 8 * (7 * static_cast<std::int64_t>(data.size()) + 2 * 8 + 3 * finals));
  for (const char* phase : {"data", "supernets", "candidates", "final", "total"})
    BOOST_TEST(json.at("seconds").at(phase).get<double>() >= 0);

  BOOST_CHECK_THROW(run_tiny(experiment, directory, false), Error);  // never overwritten
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_does_not_matter) {
  const TemporaryFolder folder;
  const Experiment experiment = tiny_experiment(folder.path());
  run_tiny(experiment, folder.path() / "one", false, 1);
  run_tiny(experiment, folder.path() / "two", false, 2);
  check_same_results(results(folder.path() / "one"), folder.path() / "two");
}

BOOST_AUTO_TEST_CASE(another_seed_is_another_search) {
  const TemporaryFolder folder;
  const std::vector<std::string> small{"search.systems=3", "supernet.steps=2", "final.steps=1"};
  std::vector<std::string> other = small;
  other.push_back("seed=6");
  run_tiny(tiny_experiment(folder.path(), small), folder.path() / "one", false);
  run_tiny(tiny_experiment(folder.path(), other), folder.path() / "two", false);
  BOOST_TEST((results(folder.path() / "one")["candidates.csv"] != results(folder.path() / "two")["candidates.csv"]));
}

BOOST_AUTO_TEST_CASE(nothing_fits) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const SearchResult result = run_tiny(
      tiny_experiment(folder.path(), {"search.systems=3", "device.ram_kib=0.5", "device.flash_kib=0.5"}), directory, false);
  BOOST_TEST(front_of(directory).rows() == 0u);
  BOOST_TEST(fs::is_empty(directory / "models"));
  const auto json = nlohmann::json::parse(result.summary_json);
  BOOST_TEST(json.at("best").is_null());
  BOOST_TEST(json.at("closest").at("id").get<int>() > 0);
  BOOST_TEST(json.at("front_size") == 0);
  BOOST_TEST(read_file(directory / "log.txt").find("no system fits") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_whole_space_is_the_end) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const Experiment experiment =
      tiny_experiment(folder.path(), {"search.systems=100", "space.width=[0.5, 1.0]", "space.depth=[1,0,0,0,0]",
                                      "space.color=[\"rgb\"]", "supernet.steps=2"});
  run_tiny(experiment, directory, false);
  BOOST_TEST(candidates_of(directory).size() == 4u);
  const std::string before = read_file(directory / "summary.json");
  run_tiny(experiment, directory, true);  // nothing is left to do
  BOOST_TEST(read_file(directory / "summary.json") == before);
}

BOOST_AUTO_TEST_CASE(a_training_that_diverges_is_left_out) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const auto diverging = [](const std::string& part) {
    return std::vector<std::string>{part + ".optimizer=sgd", part + ".learning_rate=1000", part + ".steps=30"};
  };
  std::vector<std::string> changes = diverging("finetune");
  for (const std::string& change : diverging("final")) changes.push_back(change);
  changes.push_back("search.systems=2");
  const auto json = nlohmann::json::parse(run_tiny(tiny_experiment(folder.path(), changes), directory, false).summary_json);
  BOOST_TEST(json.at("systems") == 2);
  const std::string log = read_file(directory / "log.txt");
  BOOST_TEST(log.find("finetune 1") != std::string::npos);
  BOOST_TEST(log.find("left out: [training] expected a finite") != std::string::npos, log);
  for (std::size_t row = 0; row < front_of(directory).rows(); ++row) {
    Metadata metadata;
    const auto backend = make_cpu_backend(1);
    load_model(*backend, directory / "models" / (front_of(directory).row(row)[0] + ".safetensors"), preparation_name,
               metadata);
  }
}

BOOST_AUTO_TEST_CASE(a_supernet_that_diverges_ends_the_search) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const std::vector<std::string> changes{"supernet.optimizer=sgd", "supernet.learning_rate=1000", "supernet.steps=30"};
  BOOST_CHECK_EXCEPTION(run_tiny(tiny_experiment(folder.path(), changes), directory, false), Error,
                        [](const Error& error) { return error.exit_status() == 1; });
  BOOST_TEST(read_file(directory / "log.txt").find("failed with 0 systems on record: [training]") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(hours_end_a_search_also_within_a_supernet, *boost::unit_test::label("slow")) {
  const TemporaryFolder folder;
  const fs::path whole = folder.path() / "whole", cut = folder.path() / "cut";
  run_tiny(tiny_experiment(folder.path()), whole, false);
  // Once the first system is on record, time passes; the second one needs the other supernet.
  const auto wait = [&](int, auto&) {
    if (fs::exists(cut / "candidates.csv") && candidates_of(cut).size() == 1)
      std::this_thread::sleep_for(std::chrono::seconds(8));
  };
  const SearchResult result = run_tiny(tiny_experiment(folder.path(), {"search.hours=0.002"}), cut, false, 1, wait);
  BOOST_TEST(!result.interrupted);
  BOOST_TEST(candidates_of(cut).size() == 1u);
  BOOST_TEST(fs::exists(cut / "summary.json"));
  BOOST_TEST(read_file(cut / "log.txt").find("search.hours ended after 1 of 7 steps of supernet") != std::string::npos);
  run_tiny(tiny_experiment(folder.path()), cut, true);
  // Rows of final training stand where they were written: compare everything but their order.
  auto found = results(cut), expected = results(whole);
  found.erase("training.csv");
  expected.erase("training.csv");
  BOOST_TEST((found == expected));
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_written) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", std::string_view("here"));
  BOOST_CHECK_EXCEPTION(run_tiny(tiny_experiment(folder.path()), folder.path() / "file" / "run", false), Error,
                        [](const Error& error) { return error.exit_status() == 1; });
  BOOST_TEST(!fs::exists(folder.path() / "cache"));  // told before images are cached
}

BOOST_AUTO_TEST_CASE(unusable_data_leaves_no_directory) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const Experiment experiment = tiny_experiment(
      folder.path(), {"data.kind=folders", "data.path=" + (folder.path() / "photos").string()});
  for (const char* name : {"cat", "dog"}) {
    fs::create_directories(folder.path() / "photos" / name);
    for (int i = 0; i < 20; ++i)
      write_file(folder.path() / "photos" / name / (std::to_string(i) + ".jpg"), std::string_view("no picture"));
  }
  BOOST_CHECK_EXCEPTION(run_tiny(experiment, directory, false), Error,
                        [](const Error& error) { return error.exit_status() == 2; });
  BOOST_TEST(!fs::exists(directory));
}

BOOST_AUTO_TEST_CASE(an_interrupt_while_images_are_cached_is_resumed) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const Experiment experiment = tiny_experiment(folder.path());
  const SearchResult result =
      run_tiny(experiment, directory, false, 1, [](int, auto& interrupt) { interrupt = true; });
  BOOST_TEST(result.interrupted);
  run_tiny(experiment, folder.path() / "whole", false);
  run_tiny(experiment, directory, true);
  check_same_results(results(folder.path() / "whole"), directory);
}

BOOST_AUTO_TEST_SUITE_END()
