#include <boost/test/unit_test.hpp>

#include "base/error.hpp"
#include "nas/training_log.hpp"

using namespace danas;

namespace {

const Training training{TrainingPhase::supernet, "32-rgb"};

}  // namespace

BOOST_AUTO_TEST_SUITE(training_log)

BOOST_AUTO_TEST_CASE(a_row_is_written_where_the_training_is_looked_at) {
  std::vector<TrainingRow> rows;
  TrainingLog log(training, [&](const TrainingRow& row) { rows.push_back(row); });
  log.add({0, 0.125, {}});
  log.add({1, 0.25, TrainingMeans{0.75, 0.5}});
  log.add({2, 0.5, {}});
  BOOST_TEST_REQUIRE(rows.size() == 1u);
  CsvFields row = training_fields(rows[0]);
  row.pop_back();  // seconds
  BOOST_TEST((row == CsvFields{"supernet 32-rgb", "2", "0.75", "0.5", "0.25"}));
}

BOOST_AUTO_TEST_CASE(time_goes_on_after_a_stop) {
  TrainingLog log(training, [](const TrainingRow&) {});
  log.restore({{"log_seconds", "1000.5"}}, "state");
  BOOST_TEST(std::stod(log.state().at("log_seconds")) >= 1000.5);
  BOOST_CHECK_THROW(log.restore({{"log_count", "1"}}, "state"), Error);
}

BOOST_AUTO_TEST_SUITE_END()
