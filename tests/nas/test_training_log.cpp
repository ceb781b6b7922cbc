#include <boost/test/unit_test.hpp>

#include "base/error.hpp"
#include "nas/training_log.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;

namespace {

const Training training{TrainingPhase::supernet, "32-rgb"};
CsvTable table_of(const TemporaryFolder& folder) { return CsvTable::read(folder.path() / "run" / "training.csv"); }

RunDirectory run_in(const TemporaryFolder& folder) {
  return {folder.path() / "run", tiny_experiment(folder.path()), "a machine", {"0", "0", "avx2"}, false};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(training_log)

BOOST_AUTO_TEST_CASE(a_row_is_written_where_the_training_is_looked_at) {
  const TemporaryFolder folder;
  RunDirectory run = run_in(folder);
  TrainingLog log(run, training);
  log.add({0, 0.125, {}});
  log.add({1, 0.25, TrainingMeans{0.75, 0.5}});
  log.add({2, 0.5, {}});
  const CsvTable table = table_of(folder);
  BOOST_TEST_REQUIRE(table.rows() == 1u);
  CsvFields row = table.row(0);
  row.pop_back();  // seconds
  BOOST_TEST((row == CsvFields{"supernet 32-rgb", "2", "0.75", "0.5", "0.25"}));
}

BOOST_AUTO_TEST_CASE(time_goes_on_after_a_stop) {
  const TemporaryFolder folder;
  RunDirectory run = run_in(folder);
  TrainingLog log(run, training);
  log.restore({{"log_seconds", "1000.5"}});
  BOOST_TEST(std::stod(log.state().at("log_seconds")) >= 1000.5);
  BOOST_CHECK_THROW(log.restore({{"log_count", "1"}}), Error);
}

BOOST_AUTO_TEST_SUITE_END()
