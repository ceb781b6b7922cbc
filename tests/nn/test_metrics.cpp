#include <boost/test/unit_test.hpp>

#include "base/error.hpp"
#include "nn/metrics.hpp"
#include "nn/trainer.hpp"

using namespace danas;

namespace {

ConfusionMatrix matrix(const std::vector<std::vector<int>>& counts) {
  std::vector<std::int64_t> flat;
  for (const std::vector<int>& row : counts) flat.insert(flat.end(), row.begin(), row.end());
  return {static_cast<int>(counts.size()), flat};
}

constexpr double tight = 1e-14;

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(two_classes) {
  const ConfusionMatrix confusion = matrix({{50, 10}, {5, 35}});
  const Metrics of1 = confusion.metrics(1), of0 = confusion.metrics(0);
  BOOST_TEST(of1.images == 100);
  BOOST_CHECK_SMALL(of1.accuracy - 0.85, tight);
  BOOST_CHECK_SMALL(of1.precision - 35.0 / 45, tight);
  BOOST_CHECK_SMALL(of1.recall - 35.0 / 40, tight);
  BOOST_CHECK_SMALL(of1.f1 - 70.0 / 85, tight);
  BOOST_CHECK_SMALL(of0.precision - 50.0 / 55, tight);
  BOOST_CHECK_SMALL(of0.recall - 50.0 / 60, tight);
  BOOST_TEST(confusion.count(0, 1) == 10);
}

BOOST_AUTO_TEST_CASE(macro_averages) {
  const Metrics got = matrix({{3, 1, 0}, {2, 4, 0}, {1, 1, 0}}).metrics(0);
  BOOST_CHECK_SMALL(got.accuracy - 7.0 / 12, tight);
  BOOST_CHECK_SMALL(got.precision - (3.0 / 6 + 4.0 / 6 + 0) / 3, tight);  // class 2 is never predicted: 0/0 is 0
  BOOST_CHECK_SMALL(got.recall - (3.0 / 4 + 4.0 / 6 + 0) / 3, tight);
  BOOST_CHECK_SMALL(got.f1 - (6.0 / 10 + 8.0 / 12 + 0) / 3, tight);
}

BOOST_AUTO_TEST_CASE(absent_classes_are_left_out_of_averages) {
  const Metrics got = matrix({{3, 1, 1}, {0, 0, 0}, {0, 2, 4}}).metrics(0);
  BOOST_CHECK_SMALL(got.accuracy - 7.0 / 11, tight);
  BOOST_CHECK_SMALL(got.precision - (3.0 / 3 + 4.0 / 5) / 2, tight);
  BOOST_CHECK_SMALL(got.recall - (3.0 / 5 + 4.0 / 6) / 2, tight);
  BOOST_CHECK_SMALL(got.f1 - (6.0 / 8 + 8.0 / 11) / 2, tight);
  BOOST_TEST(ConfusionMatrix(3, std::vector<std::int64_t>(9)).metrics(0).f1 == 0);
}

BOOST_AUTO_TEST_CASE(empty_and_wrong) {
  const Metrics nothing = ConfusionMatrix(2, {0, 0, 0, 0}).metrics(1);
  BOOST_TEST(nothing.accuracy == 0);
  BOOST_TEST(nothing.precision == 0);
  BOOST_TEST(nothing.f1 == 0);
  const Metrics negatives = matrix({{9, 0}, {0, 0}}).metrics(1);
  BOOST_TEST(negatives.accuracy == 1);
  BOOST_TEST(negatives.recall == 0);
  BOOST_CHECK_THROW(matrix({{9, 0}, {0, 0}}).metrics(2), Error);
  BOOST_CHECK_THROW(ConfusionMatrix(2, {1, 2, 3}), Error);
  BOOST_CHECK_THROW(ConfusionMatrix(1, {1}), Error);
}

BOOST_AUTO_TEST_CASE(schedules) {
  TrainingSettings settings;
  settings.steps = 11;
  settings.learning_rate = 0.8;
  BOOST_TEST(learning_rate_at(settings, 10) == 0.8);
  settings.warmup = 4;
  BOOST_CHECK_SMALL(learning_rate_at(settings, 0) - 0.2, tight);
  BOOST_CHECK_SMALL(learning_rate_at(settings, 3) - 0.8, tight);
  BOOST_TEST(learning_rate_at(settings, 9) == 0.8);
  settings.schedule = Schedule::cosine;
  settings.warmup = 0;
  BOOST_TEST(learning_rate_at(settings, 0) == 0.8);
  BOOST_CHECK_SMALL(learning_rate_at(settings, 5) - 0.4, tight);
  BOOST_CHECK_SMALL(learning_rate_at(settings, 10), tight);
  settings.warmup = 3;
  BOOST_CHECK_SMALL(learning_rate_at(settings, 2) - 0.8, tight);
  BOOST_CHECK_SMALL(learning_rate_at(settings, 6) - 0.4, tight);
  BOOST_CHECK_SMALL(learning_rate_at(settings, 10), tight);
}

BOOST_AUTO_TEST_SUITE_END()
