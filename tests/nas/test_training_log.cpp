#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <optional>

#include "base/error.hpp"
#include "nas/training_log.hpp"

using namespace danas;

namespace {

const Training training{TrainingPhase::supernet, "32-rgb"};
constexpr std::int64_t steps = 43;  // a row every 4 steps, and one for the last 3

StepReport report(std::int64_t step) {
  const auto x = static_cast<double>(step);
  return {step, 1.0 / (x + 3), x / 50, 0.125};
}

/// The rows of a training that stopped after each of `stops` and went on with what its state says.
std::vector<CsvFields> rows_of(const std::vector<std::int64_t>& stops) {
  std::vector<CsvFields> rows;
  const auto write = [&](const TrainingRow& row) {
    rows.push_back(training_fields(row));
    rows.back().pop_back();  // seconds
  };
  std::optional<TrainingLog> log(std::in_place, training, steps, write);
  for (std::int64_t step = 0; step < steps; ++step) {
    log->add(report(step));
    if (std::find(stops.begin(), stops.end(), step) == stops.end()) continue;
    const Metadata state = log->state();
    log.emplace(training, steps, write);
    log->restore(state, "state");
  }
  return rows;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(training_log)

BOOST_AUTO_TEST_CASE(rows_are_means_of_the_steps_since_the_row_before) {
  const auto rows = rows_of({});
  BOOST_REQUIRE(rows.size() == 11u);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto first = 4 * static_cast<std::int64_t>(row), end = std::min(first + 4, steps);
    double loss = 0;
    for (std::int64_t step = first; step < end; ++step) loss += report(step).loss / static_cast<double>(end - first);
    BOOST_TEST(rows[row][1] == std::to_string(end));
    BOOST_TEST(std::stod(rows[row][2]) == loss, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(sums_survive_a_stop_between_two_rows) {
  const auto whole = rows_of({});
  for (const std::int64_t stop : {0, 1, 2, 3, 4, 39, 40, 41})
    BOOST_TEST((rows_of({stop}) == whole), "stopped after " << stop);
  BOOST_TEST((rows_of({0, 1, 2, 5, 6, 40, 41}) == whole));
  BOOST_CHECK_THROW(TrainingLog(training, steps, {}).restore({{"log_count", "1"}}, "state"), Error);
}

BOOST_AUTO_TEST_SUITE_END()
