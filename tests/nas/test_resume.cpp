// A search that is interrupted or killed, at many moments, and resumed leaves what an undisturbed one leaves.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"
#include "data/image_store.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

struct Undisturbed {
  TemporaryFolder folder;
  Experiment experiment = tiny_experiment(folder.path());
  int calls = 0, lines = 0;
  std::map<std::string, std::string> expected;

  Undisturbed() {
    // Once beforehand, so that caches are there and every run makes the same calls.
    run_tiny(experiment, folder.path() / "caching", false);
    run_tiny(
        experiment, folder.path() / "whole", false, 1, [&](int call, auto&) { calls = call; },
        [&](int line) { lines = line; });
    expected = results(folder.path() / "whole");
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(resume, Undisturbed)

BOOST_AUTO_TEST_CASE(interrupted_once_at_many_moments, *boost::unit_test::label("slow")) {
  BOOST_REQUIRE(calls > 20);
  for (int moment = 1; moment <= calls; moment += 1 + calls / 9) {
    BOOST_TEST_CONTEXT("interrupt at progress " << moment << " of " << calls) {
      const fs::path directory = folder.path() / ("run" + std::to_string(moment));
      const auto interrupt = [&](int call, std::atomic<bool>& flag) { flag = flag || call == moment; };
      const SearchResult result = run_tiny(experiment, directory, false, 1, interrupt);
      BOOST_TEST(result.interrupted);
      BOOST_TEST(!fs::exists(directory / "summary.json"));
      BOOST_TEST(!run_tiny(experiment, directory, true, 2).interrupted);
      check_same_results(expected, directory);
    }
  }
}

BOOST_AUTO_TEST_CASE(interrupted_again_and_again) {
  const fs::path directory = folder.path() / "run";
  bool resume = false;
  int sessions = 0;
  // A session gets through at least one candidate's or one step of a supernet's work.
  while (run_tiny(experiment, directory, resume, 1, [&](int call, auto& flag) {
           flag = flag || call == 11;
         }).interrupted) {
    resume = true;
    BOOST_REQUIRE(++sessions < 60);
  }
  BOOST_TEST(sessions > 2);
  check_same_results(expected, directory);
}

BOOST_AUTO_TEST_CASE(killed_at_chosen_moments, *boost::unit_test::label("slow")) {
  for (int moment = 2; moment <= calls; moment += 1 + calls / 7) {
    BOOST_TEST_CONTEXT("killed at progress " << moment << " of " << calls) {
      const fs::path directory = folder.path() / ("call" + std::to_string(moment));
      BOOST_TEST(killed([&] {
        run_tiny(experiment, directory, false, 1, [&](int call, auto&) {
          if (call == moment) ::raise(SIGKILL);
        });
      }));
      run_tiny(experiment, directory, true);
      check_same_results(expected, directory);
    }
  }
  for (int moment = 1; moment <= lines; moment += 1 + lines / 6) {
    BOOST_TEST_CONTEXT("killed at line " << moment << " of " << lines << " of the log") {
      const fs::path directory = folder.path() / ("line" + std::to_string(moment));
      BOOST_TEST(killed([&] {
        run_tiny(experiment, directory, false, 1, {}, [&](int line) {
          if (line == moment) ::raise(SIGKILL);
        });
      }));
      run_tiny(experiment, directory, true);
      check_same_results(expected, directory);
    }
  }
}

BOOST_AUTO_TEST_CASE(killed_at_any_time, *boost::unit_test::label("slow")) {
  const fs::path directory = folder.path() / "run";
  int kills = 0;
  for (int session = 0; session < 12; ++session) {
    const bool resume = fs::exists(directory);
    if (!killed([&] { run_tiny(experiment, directory, resume); }, 30 + 37 * session)) break;
    ++kills;
  }
  BOOST_TEST(kills > 0);
  run_tiny(experiment, directory, true);
  check_same_results(expected, directory);
}

// Rows of training.csv are means of several steps here, and the state that is found is older than the rows on record.
BOOST_AUTO_TEST_CASE(a_state_older_than_the_rows) {
  const Experiment longer = tiny_experiment(folder.path(), {"supernet.steps=40", "search.systems=1"});
  run_tiny(longer, folder.path() / "long", false);
  const auto wanted = results(folder.path() / "long");
  const fs::path directory = folder.path() / "run", state = directory / "state" / "supernet.safetensors",
                 older = folder.path() / "older";
  int steps = 0;
  BOOST_TEST(killed([&] {
    run_tiny(longer, directory, false, 1, [&](int, auto&) {
      if (!fs::exists(state)) return;
      if (++steps == 6) fs::copy_file(state, older);
      if (steps == 19) ::raise(SIGKILL);
    });
  }));
  const auto rows = [&] {
    const std::string table = read_file(directory / "training.csv");
    return std::count(table.begin(), table.end(), '\n') - 1;
  };
  BOOST_TEST(rows() >= 4);
  fs::copy_file(older, state, fs::copy_options::overwrite_existing);
  run_tiny(longer, directory, true);
  check_same_results(wanted, directory);
}

BOOST_AUTO_TEST_CASE(a_finished_run_can_go_on_with_a_higher_limit, *boost::unit_test::label("slow")) {
  const fs::path directory = folder.path() / "run";
  run_tiny(tiny_experiment(folder.path(), {"search.systems=4"}), directory, false);
  run_tiny(experiment, directory, true);
  // Rows of final training stand where they were written: compare everything but their order.
  auto found = results(directory);
  found.erase("training.csv");
  expected.erase("training.csv");
  BOOST_TEST((found == expected));
}

BOOST_AUTO_TEST_CASE(resuming_a_finished_run_changes_nothing) {
  const auto files = [&] {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "whole"))
      if (entry.is_regular_file() && entry.path().filename() != "log.txt")
        found[entry.path().string()] = read_file(entry.path());
    return found;
  };
  const auto before = files();
  const SearchResult result = run_tiny(experiment, folder.path() / "whole", true);
  BOOST_TEST((files() == before));
  BOOST_TEST(result.summary_json == read_file(folder.path() / "whole" / "summary.json"));
}

// Killed after the model was saved, before its row was: the model is taken as it is, and so are its rows.
BOOST_AUTO_TEST_CASE(the_state_of_a_supernet_that_was_finished_goes) {
  const fs::path directory = folder.path() / "whole", state = directory / "state" / "supernet.safetensors";
  fs::copy_file(fs::directory_iterator(directory / "supernets")->path(), state);
  run_tiny(experiment, directory, true);
  BOOST_TEST(!fs::exists(state));
  check_same_results(expected, directory);
}

BOOST_AUTO_TEST_CASE(a_final_model_without_its_row) {
  const fs::path directory = folder.path() / "whole";
  for (const char* file : {"front.csv", "summary.json"}) fs::remove(directory / file);
  const std::string finals = read_file(directory / "state" / "final.csv");
  std::vector<std::size_t> lines{0};
  for (std::size_t at = finals.find('\n'); at + 1 < finals.size(); at = finals.find('\n', at + 1))
    lines.push_back(at + 1);
  while (!expected.contains("models/" + finals.substr(lines.back(), finals.find(',', lines.back()) - lines.back()) +
                            ".safetensors"))
    lines.pop_back();  // a system that left the front has no model any more
  BOOST_REQUIRE(lines.size() > 1);
  write_file(directory / "state" / "final.csv", std::string_view(finals).substr(0, lines.back()));
  write_file(directory / "state" / "test.csv", finals.substr(0, finals.find('\n') + 1));
  run_tiny(experiment, directory, true);
  check_same_results(expected, directory);
}

BOOST_AUTO_TEST_CASE(lost_models_are_made_again_though_hours_are_over) {
  const fs::path directory = folder.path() / "whole", models = directory / "models";
  fs::remove_all(models);
  run_tiny(tiny_experiment(folder.path(), {"search.hours=1e-6"}), directory, true);
  check_same_results(expected, directory);
}

// Parts of a batch are the experiment's: they change results, and a resume without them is another experiment.
BOOST_AUTO_TEST_CASE(a_search_in_micro_batches) {
  const Experiment cut = tiny_experiment(folder.path(), {"engine.micro_batch=4"});
  const fs::path directory = folder.path() / "whole-cut", again = folder.path() / "cut";
  run_tiny(cut, directory, false);
  const auto wanted = results(directory);
  BOOST_TEST((wanted != expected));
  BOOST_TEST(
      run_tiny(cut, again, false, 1, [&](int call, auto& flag) { flag = flag || call == calls / 3; }).interrupted);
  BOOST_CHECK_THROW(run_tiny(experiment, again, true), Error);
  run_tiny(cut, again, true, 2);
  check_same_results(wanted, again);
}

// Images on record hold the supernets that a batch of proposals needed: batches end where they did.
BOOST_AUTO_TEST_CASE(searches_without_generations, *boost::unit_test::label("slow")) {
  for (const std::string strategy : {"random", "exhaustive"}) {
    const Experiment other = tiny_experiment(  // of two systems for each of four supernets
        folder.path(), {"search.strategy=" + strategy, "search.population=3", "search.systems=7",
                        "space.resolution=[16, 32]", "space.width=[0.5]", "space.depth=[1,0,0,0,0]"});
    int all = 0;
    const fs::path whole = folder.path() / (strategy + "-whole");
    run_tiny(other, folder.path() / (strategy + "-caching"), false);
    run_tiny(other, whole, false, 1, [&](int call, auto&) { all = call; });
    for (int moment = 2; moment < all; moment += 1 + all / 16) {
      const fs::path directory = folder.path() / (strategy + std::to_string(moment));
      const auto interrupt = [&](int call, std::atomic<bool>& flag) { flag = flag || call == moment; };
      BOOST_TEST(run_tiny(other, directory, false, 1, interrupt).interrupted);
      run_tiny(other, directory, true);
      check_same_results(results(whole), directory);
    }
  }
}

BOOST_AUTO_TEST_CASE(another_experiment_is_named) {
  run_tiny(experiment, folder.path() / "run", false);
  const Experiment other = tiny_experiment(folder.path(), {"supernet.steps=6", "final.steps=7"});
  BOOST_CHECK_EXCEPTION(run_tiny(other, folder.path() / "run", true), Error, [](const Error& error) {
    return std::string(error.what()).find("(now `supernet.steps = 6`, then `supernet.steps = 7`)") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(other_images_do_not_resume) {
  const fs::path scenes = folder.path() / "scenes", directory = folder.path() / "run";
  open_dataset(tiny_experiment(folder.path(), {"data.save=" + scenes.string()}).data, experiment.seed);
  const auto of_folders = [&](const std::string& systems) {
    return tiny_experiment(folder.path(), {"data.kind=folders", "data.path=" + scenes.string(), systems});
  };
  run_tiny(of_folders("search.systems=1"), directory, false);
  run_tiny(of_folders("search.systems=2"), directory, true);
  const fs::path first = fs::directory_iterator(scenes / "train" / "person")->path();
  fs::remove(first);
  BOOST_CHECK_EXCEPTION(run_tiny(of_folders("search.systems=3"), directory, true), Error, [](const Error& error) {
    return error.exit_status() == 2 && std::string(error.what()).find("the images it began with") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(sessions_add_up) {
  const fs::path directory = folder.path() / "run";
  const auto summary = [&] { return nlohmann::json::parse(read_file(directory / "summary.json")); };
  run_tiny(tiny_experiment(folder.path(), {"search.systems=4"}), directory, false);
  // An earlier session that took more memory and time than this one can.
  const fs::path file = directory / "state" / "progress.json";
  auto state = nlohmann::json::parse(read_file(file));
  state["peak_memory_mib"] = 1e9;
  state["seconds"]["candidates"] = 1000;
  write_file(file, state.dump());
  run_tiny(experiment, directory, true);
  BOOST_TEST(summary().at("peak_memory_mib") == 1e9);
  BOOST_TEST(summary().at("seconds").at("candidates").get<double>() > 1000);
  BOOST_TEST(summary().at("seconds").at("total").get<double>() > 1000);
}

BOOST_AUTO_TEST_CASE(altered_rows_are_noticed) {
  const fs::path file = folder.path() / "whole" / "candidates.csv";
  std::string content = read_file(file);
  const std::size_t row = content.find("\n2,");
  BOOST_REQUIRE(row != std::string::npos);
  const std::size_t color = content.find("32-", row);
  content.replace(color, 3, content.compare(color, 6, "32-rgb") == 0 ? "64-" : "96-");
  write_file(file, content);
  BOOST_CHECK_EXCEPTION(run_tiny(experiment, folder.path() / "whole", true), Error, [](const Error& error) {
    return std::string(error.what()).find("candidates.csv") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()
