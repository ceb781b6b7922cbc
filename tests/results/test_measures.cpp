#include <boost/test/unit_test.hpp>

#include <set>

#include "base/error.hpp"
#include "results/measures.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(measures)

BOOST_AUTO_TEST_CASE(each_has_one_name) {
  std::set<std::string> names, labels;
  for (const MeasureInfo& each : all_measures) {
    BOOST_TEST(names.insert(each.name).second);
    BOOST_TEST(labels.insert(each.label).second);
    BOOST_TEST((parse_measure(each.name, "here") == each.measure));
    BOOST_TEST(&info(each.measure) == &each);
  }
  BOOST_TEST(scores.size() + estimates.size() == all_measures.size());
}

BOOST_AUTO_TEST_CASE(an_unknown_one_is_told_the_nearest) {
  for (const auto& [name, nearest] : {std::pair{"ram_byte", "ram_bytes"},
                                      {"flash", "flash_bytes"},
                                      {"F1", "f1"},
                                      {"acuracy", "accuracy"},
                                      {"mac", "macs"},
                                      {"ram", "ram_bytes"},
                                      {"RAM", "ram_bytes"},
                                      {"ram_kib", "ram_bytes"}})
    BOOST_CHECK_EXCEPTION(parse_measure(name, "file:3"), Error, [&](const Error& error) {
      return error.what() ==
             std::string("[file:3] expected a known measure; the nearest is ") + nearest + ", got \"" + name + "\"";
    });
  BOOST_CHECK_THROW(parse_measure("", "here"), Error);
}

BOOST_AUTO_TEST_CASE(a_value_that_is_not_there_is_an_error) {
  Measures values{{Measure::macs, 3}};
  BOOST_TEST(values.has(Measure::macs));
  BOOST_TEST(values.count(Measure::macs) == 3);
  BOOST_TEST(!values.has(Measure::f1));
  BOOST_CHECK_EXCEPTION(values[Measure::f1], Error, [](const Error& error) {
    return error.what() == std::string("[f1] expected a value of this measure, got none");
  });
  values.set({{Measure::f1, 0}, {Measure::macs, 4}});
  BOOST_TEST((values == Measures{{Measure::f1, 0}, {Measure::macs, 4}}));
  BOOST_TEST(!(values == Measures{{Measure::f1, 0}}));
  BOOST_TEST(!(values == Measures{{Measure::f1, 0}, {Measure::macs, 5}}));
  BOOST_TEST((Measures() == Measures()));
}

BOOST_AUTO_TEST_CASE(texts_are_exact) {
  BOOST_TEST(measure_text(Measure::accuracy, 0.1) == "0.1");
  BOOST_TEST(measure_text(Measure::accuracy, 1.0) == "1");
  BOOST_TEST(measure_text(Measure::accuracy, 0.0) == "0");
  BOOST_TEST(measure_text(Measure::macs, 9'007'199'254'740'992.0) == "9007199254740992");
  BOOST_TEST(measure_text(Measure::ram_bytes, 0) == "0");
}

BOOST_AUTO_TEST_CASE(excess_is_what_is_over_a_limit) {
  const Measures limits{{Measure::ram_bytes, 1024}, {Measure::macs, 10}};
  const auto over = [&](double ram, double macs) {
    return excess({{Measure::ram_bytes, ram}, {Measure::macs, macs}, {Measure::flash_bytes, 1e9}}, limits);
  };
  BOOST_TEST((over(1024, 10) == Measures{{Measure::ram_bytes, 0}, {Measure::macs, 0}}));
  BOOST_TEST((over(1025, 3) == Measures{{Measure::ram_bytes, 1}, {Measure::macs, 0}}));
  BOOST_TEST((over(0, 13) == Measures{{Measure::ram_bytes, 0}, {Measure::macs, 3}}));
  BOOST_TEST(within_limits(over(1024, 10)));
  BOOST_TEST(!within_limits(over(1025, 10)));
  BOOST_TEST(!within_limits(over(1024, 11)));
  BOOST_TEST(within_limits(Measures()));
  BOOST_CHECK_THROW(excess({{Measure::macs, 1}}, limits), Error);
}

BOOST_AUTO_TEST_CASE(labels_are_a_list_for_people) {
  BOOST_TEST(labels({Measure::f1}) == "F1");
  BOOST_TEST(labels({Measure::accuracy, Measure::macs}) == "accuracy and MACs");
  BOOST_TEST(labels({Measure::accuracy, Measure::ram_bytes, Measure::flash_bytes}) == "accuracy, RAM and flash");
}

BOOST_AUTO_TEST_SUITE_END()
