// Whole searches without training: what is left is the bookkeeping, which must not grow with the rows on record.
#include <boost/test/unit_test.hpp>

#include <sys/resource.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "nas/candidate_fields.hpp"
#include "nas/search_loop.hpp"
#include "nas/summary.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;
namespace fs = std::filesystem;

namespace {

// Made-up metrics of each network, and how often it was asked for them.
class StandIn : public Evaluator {
 public:
  explicit StandIn(const Experiment& experiment) : experiment_(experiment), networks_(experiment.space) {}

  void evaluate(std::span<const Proposal> proposals, const Take& take) override {
    for (const Proposal& proposal : proposals) take(evaluated_one(proposal));
  }
  void save_model(const Candidate&) override { ++saved; }
  void train_further(std::span<const Candidate> candidates, const Take& take) override {
    for (const Candidate& candidate : candidates) take(candidate);
  }
  void restore_final(std::span<const Candidate>) override {}
  Candidate test(const Candidate& candidate) override { return candidate; }
  bool has_final_model(std::int64_t) const override { return false; }

  std::map<std::int64_t, int> evaluated;
  int saved = 0;

 private:
  Candidate evaluated_one(const Proposal& proposal) {
    Candidate candidate;
    set_system(candidate, proposal.system);
    set_needs(candidate, experiment_, 2);
    const std::int64_t network = networks_.network(proposal.system);
    Random random(1, "accuracy", static_cast<std::uint64_t>(network));
    Metrics metrics;
    metrics.accuracy = 0.3 + 0.02 * std::log2(candidate.measures[Measure::macs]) * random.uniform();
    set_scores(candidate, metrics, Split::validation, experiment_);
    ++evaluated[network];
    return candidate;
  }

  const Experiment& experiment_;
  DistinctNetworks networks_;
};

struct Searched {
  std::size_t rows = 0;
  double seconds = 0;
};

Searched search_with(StandIn& evaluator, const Experiment& experiment, const fs::path& directory, bool resume) {
  const Stopwatch stopwatch;
  const auto backend = make_cpu_backend(1, "portable");
  const SearchObserver observer;
  RunDirectory run(directory, experiment, "a machine", {"0", "0", "portable"}, resume);
  WorkEstimate work(experiment, 2, 12, *backend);
  SearchState state(run, stopwatch);
  SearchStatus status(run, observer, nullptr, state.clock, work);
  const ImageStore store(open_dataset(experiment.data, experiment.seed), experiment.data, image_use(experiment, 0));
  ResidentImages resident(*backend, 0);
  DataLog data_log(status, state, store, resident);
  SearchContext context{experiment, *backend, store, resident, data_log, run, state, status, work};
  const Supernets supernets(context, 30);
  SearchLoop(context, supernets, evaluator).run();
  return {run.candidates().size(), stopwatch.seconds()};
}

// In memory where the machine has such a place, so that no disk is timed.
class FolderInMemory {
 public:
  FolderInMemory() {
    if (fs::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 1);
    folder_.emplace();
    if (before_.empty()) ::unsetenv("TMPDIR");
    else ::setenv("TMPDIR", before_.c_str(), 1);
  }
  const fs::path& path() const { return folder_->path(); }

 private:
  std::string before_ = std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "";
  std::optional<TemporaryFolder> folder_;
};

Experiment whole_space(const fs::path& folder, const std::string& strategy, const std::vector<std::string>& changes) {
  std::vector<std::string> all{"search.strategy=" + strategy, "search.systems=1000000", "data.images=8",
                               "device.ram_kib=512", "device.flash_kib=2048"};
  all.insert(all.end(), changes.begin(), changes.end());
  return tiny_experiment(folder, all);
}

const std::vector<std::string> paper{"space.resolution=[32,64,96,128,160,192,224]", "space.depth=[3,4,3,3,1]",
                                     "space.width=[0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1.0]"};

void check_whole_space(const std::string& strategy, const std::vector<std::string>& changes) {
  const FolderInMemory folder;
  const Experiment experiment = whole_space(folder.path(), strategy, changes);
  StandIn evaluator(experiment);
  const Searched searched = search_with(evaluator, experiment, folder.path() / "run", false);
  BOOST_TEST(static_cast<std::int64_t>(searched.rows) == experiment.space.size());
  BOOST_TEST(static_cast<std::int64_t>(evaluator.evaluated.size()) == DistinctNetworks(experiment.space).count());
  for (const auto& [network, times] : evaluator.evaluated) BOOST_TEST_REQUIRE(times == 1);
  BOOST_TEST(evaluator.saved > 3);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  BOOST_TEST_MESSAGE(strategy << ": " << searched.rows << " rows in " << searched.seconds << " s, peak "
                              << usage.ru_maxrss / 1024 << " MiB of the process");
  StandIn idle(experiment);
  search_with(idle, experiment, folder.path() / "run", true);
  BOOST_TEST(idle.evaluated.empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bookkeeping)

// Rows are on record, skipped ones are not tried.
BOOST_AUTO_TEST_CASE(data_never_tried_are_told) {
  const TemporaryFolder folder;
  const fs::path directory = folder.path() / "run";
  const auto search = [&](int systems, bool resume) {
    const Experiment experiment =
        tiny_experiment(folder.path(), {"search.strategy=exhaustive", "search.systems=" + std::to_string(systems)});
    StandIn evaluator(experiment);
    search_with(evaluator, experiment, directory, resume);
  };
  search(3, false);
  BOOST_TEST(read_file(directory / "log.txt").find("data never tried: 32-rgb\n") != std::string::npos);
  BOOST_TEST(nlohmann::json::parse(read_file(directory / "summary.json")).at("untried") == std::vector{"32-rgb"});
  search(1000, true);
  BOOST_TEST(!nlohmann::json::parse(read_file(directory / "summary.json")).contains("untried"));
  Candidate skipped = candidates_of(directory)[0];
  skipped.outcome = Outcome::over_limits;
  BOOST_TEST(untried_data(tiny_experiment(folder.path()).space, {skipped}).size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_papers_space_exhaustively, *boost::unit_test::label("slow")) {
  check_whole_space("exhaustive", paper);
}

BOOST_AUTO_TEST_CASE(the_papers_space_by_the_genetic_search, *boost::unit_test::label("slow")) {
  check_whole_space("genetic", paper);
}

BOOST_AUTO_TEST_CASE(a_small_space_at_random) {
  check_whole_space("random", {"space.width=[0.1,0.2,0.3,0.4,0.5,1.0]"});
}

BOOST_AUTO_TEST_SUITE_END()
