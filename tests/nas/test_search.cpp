#include <boost/test/unit_test.hpp>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/error.hpp"
#include "base/file.hpp"
#include "nas/candidate_fields.hpp"
#include "nas/model_file.hpp"
#include "results/candidate_table.hpp"
#include "results/pareto_front.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

double accuracy(const Candidate& candidate) { return candidate.measures[Measure::accuracy]; }

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
    BOOST_TEST(systems.insert(c.system_text()).second);
    BOOST_TEST(c.split == "validation");
    const Measures needs = estimate(system_layers(system_of(c), 2));
    for (const MeasureInfo& each : estimates) BOOST_TEST(c.measures[each.measure] == needs[each.measure]);
    BOOST_TEST(c.violation[Measure::ram_bytes] == std::max(0.0, needs[Measure::ram_bytes] - 24 * 1024));
    BOOST_TEST(c.fitness == fitness(c.measures, experiment.device.limits(), experiment.fitness));
    if (i > 0) BOOST_TEST(c.elapsed_seconds >= candidates[i - 1].elapsed_seconds);
    data.insert(c.data);
  }
  for (const std::string& name : data) {
    const auto backend = make_cpu_backend(1);
    Metadata metadata;
    const Network supernet = load_supernet(*backend, directory / "supernets" / (name + ".safetensors"),
                                           {32, name == "32-rgb" ? Color::rgb : Color::monochrome}, metadata);
    BOOST_TEST(metadata.at("depth") == "2-1-1-1-0");  // no candidate can use more
    BOOST_TEST(supernet.layers().back().stage == 6);
  }

  const auto json = nlohmann::json::parse(result.summary_json);
  BOOST_TEST(read_file(directory / "summary.json") == result.summary_json);
  BOOST_TEST(json.at("systems") == 8);
  BOOST_TEST(json.at("supernets") == data.size());
  const std::vector<FrontRow> front = front_of(directory);
  BOOST_REQUIRE(!front.empty());
  BOOST_TEST(json.at("front_size") == front.size());
  double best = 0;
  std::set<std::string> files;
  for (const FrontRow& row : front) {
    best = std::max(best, accuracy(row));
    BOOST_TEST(row.fits());
    BOOST_TEST(row.test.has_value());
    const std::string id = std::to_string(row.id);
    for (const char* end : {".safetensors", ".layers.csv"}) files.insert(id + end);
    Metadata metadata;
    const auto backend = make_cpu_backend(1);
    const Network model = load_model(*backend, directory / "models" / (id + ".safetensors"), metadata);
    BOOST_TEST(metadata.at("stage") == "final");
    BOOST_TEST(metadata.at("system") == row.system_text());
  }
  const std::vector<Candidate> members(front.begin(), front.end());
  BOOST_TEST(front_of(members, default_objectives).size() == members.size());
  BOOST_TEST(json.at("best").at("validation").at("accuracy") == best);
  BOOST_TEST(json.at("best").at("test").contains("f1"));
  for (const auto& entry : fs::directory_iterator(directory / "models"))
    BOOST_TEST(files.erase(entry.path().filename().string()) == 1u);
  BOOST_TEST(files.empty());
  // 7 steps a supernet, 2 a system, 3 a system of the candidates' front; batches of 8.
  const std::int64_t finals = static_cast<std::int64_t>(front_of(candidates, default_objectives).size());
  const auto networks = std::count_if(candidates.begin(), candidates.end(), [](auto& c) { return c.twin_of == 0; });
  BOOST_TEST(json.at("networks") == networks);
  BOOST_TEST(json.at("diverged") == 0);
  BOOST_TEST(json.at("images_trained") == 8 * (7 * static_cast<std::int64_t>(data.size()) + 2 * networks + 3 * finals));
  for (const char* phase : {"data", "supernets", "candidates", "final", "total"})
    BOOST_TEST(json.at("seconds").at(phase).get<double>() >= 0);

  BOOST_CHECK_THROW(run_tiny(experiment, directory, false), Error);  // never overwritten
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_does_not_matter, *boost::unit_test::label("threads")) {
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

// Nor what systems come to: the order of the search alone.
BOOST_AUTO_TEST_CASE(a_seed_of_the_search_changes_no_training) {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& name, std::vector<std::string> more) {
    for (const char* each : {"space.color=[\"rgb\"]", "space.width=[0.5, 1.0]", "space.depth=[1, 1, 0, 0, 0]",
                             "supernet.steps=2", "final.steps=1"})
      more.emplace_back(each);
    run_tiny(tiny_experiment(folder.path(), more), folder.path() / name, false);
    return candidates_of(folder.path() / name);
  };
  std::map<std::string, double> accuracies;
  for (const Candidate& c : run("all", {"search.strategy=exhaustive"}))
    accuracies[c.system_text()] = c.measures[Measure::accuracy];
  BOOST_TEST_REQUIRE(accuracies.size() == 6u);
  std::set<std::string> orders;
  for (const char* seed :
       {"search.seed=5", "search.seed=6", "search.systems=6"}) {  // the last one has the experiment's, 5
    std::string order;
    for (const Candidate& c : run(seed, {"search.strategy=random", seed})) {
      BOOST_TEST(c.measures[Measure::accuracy] == accuracies.at(c.system_text()));
      order += c.system_text() + "\n";
    }
    orders.insert(order);
  }
  BOOST_TEST(orders.size() == 2u);
}

// By RAM and F1: models are kept and trained to the end of that front alone.
BOOST_AUTO_TEST_CASE(the_front_is_of_the_objectives) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const Objectives objectives{Measure::f1, Measure::ram_bytes};
  run_tiny(tiny_experiment(folder.path(), {"search.objectives=[\"f1\", \"ram_bytes\"]"}), directory, false);
  const std::vector<FrontRow> front = front_of(directory);
  const auto candidates = candidates_of(directory);
  std::set<std::int64_t> searched;
  for (const std::size_t i : front_of(candidates, objectives)) searched.insert(candidates[i].id);
  BOOST_REQUIRE(!front.empty());
  for (const FrontRow& a : front) {
    BOOST_TEST(searched.contains(a.id));
    for (const FrontRow& b : front)
      BOOST_TEST((a.id == b.id || a.measures[Measure::f1] > b.measures[Measure::f1] ||
                  a.measures[Measure::ram_bytes] < b.measures[Measure::ram_bytes]));
  }
  std::size_t finals = 0;
  const CsvTable table = CsvTable::read(directory / "state" / "final.csv");
  for (const Candidate& c : read_candidates(table)) finals += searched.contains(c.id);
  BOOST_TEST(finals == searched.size());
  BOOST_TEST(table.rows() == searched.size());
}

BOOST_AUTO_TEST_CASE(nothing_fits) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const SearchResult result =
      run_tiny(tiny_experiment(folder.path(), {"search.systems=3", "device.ram_kib=0.5", "device.flash_kib=0.5"}),
               directory, false);
  BOOST_TEST(front_of(directory).empty());
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

// Widths of 0.1 and 0.2 round to the same channels.
BOOST_AUTO_TEST_CASE(one_network_is_evaluated_once) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const std::vector<std::string> changes{"space.width=[0.1, 0.2, 1.0]", "space.depth=[0,0,0,0,0]",
                                         "space.color=[\"monochrome\"]", "search.strategy=exhaustive"};
  const Experiment experiment = tiny_experiment(folder.path(), changes);
  const auto json = nlohmann::json::parse(run_tiny(experiment, directory, false).summary_json);
  const auto candidates = candidates_of(directory);
  BOOST_REQUIRE(candidates.size() == 3u);
  const Candidate &first = candidates[0], &twin = candidates[1];
  BOOST_TEST((first.outcome == Outcome::evaluated && twin.outcome == Outcome::twin));
  BOOST_TEST(first.twin_of == 0);
  BOOST_TEST(twin.twin_of == 1);
  BOOST_TEST(system_of(twin).architecture.slice().width == 0.2);
  BOOST_TEST(accuracy(twin) == accuracy(first));
  BOOST_TEST(twin.fitness == first.fitness);
  BOOST_TEST(twin.measures[Measure::flash_bytes] == first.measures[Measure::flash_bytes]);
  BOOST_TEST(twin.train_seconds == 0);
  BOOST_TEST(twin.eval_seconds == 0);
  BOOST_TEST(candidates[2].twin_of == 0);
  BOOST_TEST(json.at("systems") == 3);
  BOOST_TEST(json.at("networks") == 2);
  for (const FrontRow& row : front_of(directory)) BOOST_TEST(row.id != 2);
  BOOST_TEST(read_file(directory / "training.csv").find("finetune 2") == std::string::npos);
  const std::string log = read_file(directory / "log.txt");
  BOOST_TEST(log.find("3 systems, 2 distinct networks") != std::string::npos, log);
  BOOST_TEST(log.find("the same network as system 1") != std::string::npos, log);

  // Also where its first system is on record from an earlier session.
  const fs::path cut = folder.path() / "cut";
  std::vector<std::string> fewer = changes;
  fewer.push_back("search.systems=1");
  run_tiny(tiny_experiment(folder.path(), fewer), cut, false);
  run_tiny(experiment, cut, true);
  BOOST_TEST((results(cut).at("candidates.csv") == results(directory).at("candidates.csv")));
}

BOOST_AUTO_TEST_CASE(hours_end_a_search_also_within_a_supernet, *boost::unit_test::label("slow")) {
  const TemporaryFolder folder;
  const fs::path whole = folder.path() / "whole", cut = folder.path() / "cut";
  run_tiny(tiny_experiment(folder.path()), whole, false);
  // Once the first supernet is trained, time passes; the second system needs the other one.
  bool waited = false;
  const auto wait = [&](int, auto&) {
    if (!waited && fs::exists(cut / "supernets") && !fs::is_empty(cut / "supernets")) {
      std::this_thread::sleep_for(std::chrono::seconds(8));
      waited = true;
    }
  };
  const SearchResult result = run_tiny(tiny_experiment(folder.path(), {"search.hours=0.002"}), cut, false, 1, wait);
  BOOST_TEST(!result.interrupted);
  BOOST_TEST(candidates_of(cut).size() == 1u);
  BOOST_TEST(fs::exists(cut / "summary.json"));
  BOOST_TEST(read_file(cut / "log.txt").find("search.hours ended after 1 of 7 steps of supernet") != std::string::npos);
  run_tiny(tiny_experiment(folder.path()), cut, true);
  // Rows of final training stand where they were written, and the first rows came when fewer images had been trained:
  // compare everything but their order and those counts.
  auto found = results(cut), expected = results(whole);
  for (auto* files : {&found, &expected}) {
    files->erase("training.csv");
    for (const char* table : {"candidates.csv", "front.csv"})
      for (std::string& content = files->at(table); content.find(" images=") != std::string::npos;) {
        const std::size_t begin = content.find(" images=");
        content.erase(begin, content.find(' ', begin + 1) - begin);
      }
  }
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
  const Experiment experiment =
      tiny_experiment(folder.path(), {"data.kind=folders", "data.path=" + (folder.path() / "photos").string()});
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
  const SearchResult result = run_tiny(experiment, directory, false, 1, [](int, auto& interrupt) { interrupt = true; });
  BOOST_TEST(result.interrupted);
  run_tiny(experiment, folder.path() / "whole", false);
  run_tiny(experiment, directory, true);
  check_same_results(results(folder.path() / "whole"), directory);
}

BOOST_AUTO_TEST_SUITE_END()
