#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "results/summary.hpp"
#include "some_candidate.hpp"

using namespace danas;
using namespace danas::test;

namespace {

Summary some_summary() {
  Summary summary;
  summary.best = FrontRow{some_candidate(7), some_candidate(7).measures};
  summary.best->test->set(Measure::accuracy, 0.25);
  summary.front_size = 3;
  summary.systems = 1234;
  summary.seconds = {{"data", 1.5}, {"total", 2}};
  summary.device = "cpu";
  summary.data.classes = {"cat", "dog"};
  summary.data.positive = "dog";
  summary.data.test = 800;
  summary.data.caches = {"a", "b"};
  return summary;
}

template <class Value>
Value fact(const SummaryFacts& facts, const std::string& key) {
  for (const auto& [name, value] : facts.facts)
    if (name == key) return std::get<Value>(value);
  throw std::out_of_range(key);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(summary)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
  const std::string text = summary_text(some_summary());
  const SummaryFacts facts = parse_summary(text, "s");
  BOOST_TEST(facts.best_id.value() == 7);
  BOOST_TEST(fact<std::int64_t>(facts, "systems") == 1234);
  BOOST_TEST(fact<std::string>(facts, "positive") == "dog");
  BOOST_TEST((fact<std::vector<std::string>>(facts, "classes") == std::vector<std::string>{"cat", "dog"}));
  BOOST_TEST(facts.test_images.value() == 800);
  BOOST_TEST(facts.seconds.at(1).first == "total");
  BOOST_TEST(facts.seconds.at(1).second == 2);
  const auto json = nlohmann::json::parse(text);
  const auto& best = json.at("best");
  BOOST_TEST(best.at("arch") == "96,monochrome,2-3-1-0-0,0.3");
  BOOST_TEST(best.at("ram_bytes") == 1'000'004);
  BOOST_TEST(best.at("validation").at("accuracy") == 1.0 / 3);
  BOOST_TEST(best.at("test").at("accuracy") == 0.25);
  BOOST_TEST(!json.contains("closest"));
  BOOST_TEST(!json.contains("untried"));

  Summary by_test = some_summary();
  by_test.best->split = "test";
  BOOST_TEST(!nlohmann::json::parse(summary_text(by_test)).at("best").contains("validation"));
}

BOOST_AUTO_TEST_CASE(data_never_tried) {
  Summary summary = some_summary();
  summary.untried = {"32-rgb", "64-monochrome"};
  BOOST_TEST((fact<std::vector<std::string>>(parse_summary(summary_text(summary), "s"), "untried") == summary.untried));
}

BOOST_AUTO_TEST_CASE(where_nothing_is_within_the_limits) {
  Summary summary = some_summary();
  summary.best.reset();
  summary.closest = some_candidate(3);
  summary.data.classes.push_back("emu");
  const auto json = nlohmann::json::parse(summary_text(summary));
  BOOST_TEST(json.at("best").is_null());
  BOOST_TEST(json.at("closest").at("id") == 3);
  BOOST_TEST(!json.at("data").contains("positive"));  // one of two only
  BOOST_TEST(!parse_summary(summary_text(summary), "s").best_id.has_value());
}

BOOST_AUTO_TEST_CASE(odd_summaries_are_facts) {
  const SummaryFacts summary = parse_summary(
      R"({"best": null, "seconds": 3, "supernets": ["a", "b"], "device": {"name": "x"}, "new_key": 1.5,
          "problems": 0, "yes": true, "nothing": null})",
      "s");
  BOOST_TEST(!summary.best_id.has_value());
  BOOST_TEST(summary.seconds.at(0).second == 3);
  BOOST_TEST(summary.problems.empty());
  BOOST_TEST(fact<std::int64_t>(summary, "supernets") == 2);
  BOOST_TEST(fact<std::string>(summary, "device") == "{\"name\":\"x\"}");
  BOOST_TEST(fact<double>(summary, "new_key") == 1.5);
  BOOST_TEST(fact<std::string>(summary, "yes") == "yes");
  BOOST_TEST(fact<std::string>(summary, "nothing") == "none");
  BOOST_TEST(summary.facts.at(0).first == "supernets");  // in the file's order
  BOOST_TEST(summary.facts.at(2).first == "new_key");
  const auto best = [](const std::string& id) {
    return parse_summary("{\"best\": {\"id\": " + id + "}}", "s").best_id;
  };
  for (const char* id : {"2", "\"2\""}) BOOST_TEST(best(id).value() == 2);
  for (const char* id : {"[2]", "2.5", "\"x\"", "null"}) BOOST_TEST(!best(id).has_value());
  BOOST_TEST((parse_summary(R"({"problems": ["a", 3]})", "s").problems == std::vector<std::string>{"a", "3"}));
  BOOST_TEST(parse_summary(R"({"problems": {"a": "b"}})", "s").problems.at(0) == "a: b");
}

BOOST_AUTO_TEST_CASE(a_positive_class_is_one_of_two) {
  const SummaryFacts three =
      parse_summary(R"({"data": {"classes": ["a", "b", "c"], "positive": "b", "test": 9}})", "s");
  BOOST_TEST(three.facts.size() == 2u);
  BOOST_TEST(fact<std::vector<std::string>>(three, "classes").size() == 3u);
  BOOST_TEST(three.classes.value_or(0) == 3);
  BOOST_TEST(three.test_images.value() == 9);
  const SummaryFacts odd = parse_summary(R"({"data": {"test": "x", "classes": 3, "positive": 1}})", "s");
  BOOST_TEST(!odd.test_images.has_value());
  BOOST_TEST(fact<std::string>(parse_summary(R"({"data": "text"})", "s"), "data") == "text");
}

BOOST_AUTO_TEST_CASE(what_is_no_summary_is_refused) {
  for (const auto& [text, complaint] : {std::pair{"{\"best\": ", "[s] expected JSON"},
                                        {"[1]", "[s] expected a JSON object"},
                                        {"{\"seconds\": {\"a\": \"b\"}}", "[s] expected numbers"},
                                        {"{\"seconds\": {\"a\": -1}}", "[s] expected numbers"}})
    BOOST_CHECK_EXCEPTION(parse_summary(text, "s"), Error,
                          [&](const Error& error) { return std::string(error.what()).starts_with(complaint); });
}

BOOST_AUTO_TEST_SUITE_END()
