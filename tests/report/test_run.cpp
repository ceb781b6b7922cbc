#include <boost/test/unit_test.hpp>

#include "base/error.hpp"
#include "report/chart_data.hpp"
#include "report/run.hpp"
#include "run_directory.hpp"

using namespace danas;
using report::read_run;

namespace {

std::string message(const RunDirectory& run) {
  try {
    read_run(run.path());
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(run)

BOOST_AUTO_TEST_CASE(a_finished_run) {
  RunDirectory directory;
  directory.finish();
  const report::Run run = read_run(directory.path());
  BOOST_TEST(run.finished());
  BOOST_TEST(run.label == "run");
  BOOST_TEST(run.candidates.size() == 4u);
  BOOST_TEST(run.front.size() == 2u);
  BOOST_TEST(run.front.at(run.best.value()).id == 2);
  BOOST_TEST(run.front[1].test.value()[Measure::accuracy] == 0.7371);
  BOOST_TEST(run.settings.ram_limit.value() == 262144);
  BOOST_TEST(run.curves.size() == 1u);
  BOOST_TEST(run.layers.at(2).size() == 2u);
  BOOST_TEST(run.summary.value().problems.at(0) == "cat.jpg: truncated");
}

BOOST_AUTO_TEST_CASE(an_unfinished_run_has_a_computed_front) {
  RunDirectory directory;
  directory.append("candidates.csv", "5,0,rand");
  const report::Run run = read_run(directory.path());
  BOOST_TEST(!run.finished());
  BOOST_TEST(run.dropped_tail);
  BOOST_TEST(run.candidates.size() == 4u);
  BOOST_TEST(run.front.size() == 2u);
  BOOST_TEST(run.front.at(run.best.value()).id == 2);
  BOOST_TEST(!run.front[0].test.has_value());
}

// By RAM alone, the smallest; by accuracy, macs and nothing else, whoever is the most accurate within the limits.
BOOST_AUTO_TEST_CASE(a_computed_front_is_of_the_objectives) {
  RunDirectory directory;
  const auto front = [&](const std::string& objectives) {
    directory.write("experiment.toml", "[search]\nobjectives = " + objectives + "\n");
    std::vector<std::int64_t> ids;
    for (const FrontRow& row : read_run(directory.path()).front) ids.push_back(row.id);
    return ids;
  };
  BOOST_TEST(front("[\"ram_bytes\"]") == std::vector<std::int64_t>{1}, boost::test_tools::per_element());
  BOOST_TEST(front("[\"accuracy\", \"macs\"]") == std::vector<std::int64_t>{2}, boost::test_tools::per_element());
  BOOST_TEST(front("[\"accuracy\", \"flash_bytes\"]") == (std::vector<std::int64_t>{1, 2}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(systems_that_diverged_are_left_out) {
  RunDirectory directory;
  directory.add_columns("candidates.csv", {",evaluated", ",diverged", "2,diverged", "1,twin"});
  const report::Run run = read_run(directory.path());
  BOOST_TEST(run.candidates.size() == 2u);
  BOOST_TEST(run.diverged == (std::vector<std::int64_t>{2, 3}), boost::test_tools::per_element());
  BOOST_TEST(run.candidates[1].twin_of == 1);
  BOOST_TEST(run.front.size() == 1u);
  BOOST_TEST(run.front.at(run.best.value()).id == 1);
  directory.finish();  // its front.csv has system 2, which diverged
  BOOST_TEST(message(directory).find("systems of candidates.csv only, got id 2") != std::string::npos);
  RunDirectory broken;
  broken.add_columns("candidates.csv", {",evaluated", ",lost", ",evaluated", ",evaluated"});
  BOOST_TEST(
      message(broken).find(
          "candidates.csv:3] expected one of \"evaluated\", \"twin\", \"diverged\", \"fallback\", \"skipped: ") !=
          std::string::npos,
      message(broken));
}

BOOST_AUTO_TEST_CASE(the_latest_scores_are_those_after_the_final_training) {
  RunDirectory directory;
  const auto accuracies = [&] {
    std::vector<double> values;
    for (const Candidate& c : read_run(directory.path()).latest()) values.push_back(c.measures[Measure::accuracy]);
    return values;
  };
  BOOST_TEST(accuracies() == (std::vector{0.61, 0.72, 0.83, 0.55}), boost::test_tools::per_element());
  directory.finish();
  BOOST_TEST(accuracies() == (std::vector{0.66, 0.75, 0.83, 0.55}), boost::test_tools::per_element());
  const report::Run run = read_run(directory.path());
  BOOST_TEST(run.final_of(1)->test.value()[Measure::accuracy] == 0.76);
  BOOST_TEST(!run.final_of(4));
}

BOOST_AUTO_TEST_CASE(charts_draw_the_final_values_and_a_line_through_them) {
  RunDirectory directory;
  directory.finish();
  const std::string json = report::chart_data({read_run(directory.path())});
  const auto has = [&](const char* part) { return json.find(part) != json.npos; };
  BOOST_TEST(has("\"final\":[{\"accuracy\":0.66,\"precision\":0.66,\"recall\":0.66,\"test\":0.76},{"));
  BOOST_TEST(has("\"accuracy\":[0.61,0.72,0.83,0.55]"));
  BOOST_TEST(has("\"front\":{\"ram\":[[60000,0.66],[90000,0.75]],\"flash\":[[4802,0.66],[20000,0.75]]}"));
}

BOOST_AUTO_TEST_CASE(columns_are_found_by_name) {
  RunDirectory directory;
  std::string shuffled = "latency_ms,elapsed_seconds,fitness,flash_violation,ram_violation,flash_bytes,ram_bytes,macs,"
                         "parameters,f1,recall,precision,accuracy,split,architecture,data,origin,generation,id,"
                         "parents,eval_seconds,train_seconds\n"
                         "1,2,3,0,0,7,8,9,10,0.1,0.2,0.3,0.4,validation,\"0-0-0-0-0 0.5\",64-rgb,random,0,9,,1,2\n";
  directory.write("candidates.csv", shuffled);
  const report::Run run = read_run(directory.path());
  BOOST_TEST(run.candidates.at(0).measures[Measure::ram_bytes] == 8);
  BOOST_TEST(run.candidates.at(0).measures[Measure::accuracy] == 0.4);
  BOOST_TEST(run.candidates.at(0).id == 9);
}

BOOST_AUTO_TEST_CASE(broken_files_are_named) {
  const std::string header = std::string(RunDirectory::candidate_header) + '\n';
  {
    RunDirectory run;
    std::filesystem::remove(run.path() / "candidates.csv");
    BOOST_TEST(message(run).find("candidates.csv]") != std::string::npos);
  }
  RunDirectory run;
  const auto with = [&](const std::string& file, const std::string& content) {
    RunDirectory broken;
    broken.write(file, content);
    return message(broken);
  };
  const auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  const std::string good = RunDirectory::row("1", "64-rgb", "0-0-0-0-0 0.5", 0.61, 60000, 4802);
  BOOST_TEST(has(with("candidates.csv", header + good + "2,0\n"), "candidates.csv:3] expected 21 columns, got 2"));
  BOOST_TEST(has(with("candidates.csv", header + RunDirectory::row("1", "d", "a", 1.5, 1, 1)),
                 "candidates.csv:2] expected a number from 0 to 1 in column accuracy"));
  const std::string negative = RunDirectory::row("1", "d", "a", 0.5, -1, 1);
  BOOST_TEST(has(with("candidates.csv", header + negative), "in column ram_bytes"));
  const std::string elsewhere = RunDirectory::row("../x", "d", "a", 0.5, 1, 1);
  BOOST_TEST(has(with("candidates.csv", header + elsewhere), "in column id"));
  BOOST_TEST(has(with("candidates.csv", header + good + good), "candidates.csv:3] expected a system not listed"));
  BOOST_TEST(has(with("candidates.csv", "id,data\n"), "candidates.csv:1] expected a column"));
  BOOST_TEST(has(with("training.csv", "training,step,loss,accuracy,learning_rate,seconds\nsupernet a,x,1,1,1,1\n"),
                 "training.csv:2]"));
  const std::string unknown = RunDirectory::row("77", "d", "a", 0.5, 1, 1);
  BOOST_TEST(has(with("front.csv", header + unknown), "front.csv] expected systems of"));
  BOOST_TEST(has(with("summary.json", "{\"best\": "), "summary.json] expected JSON"));
  BOOST_TEST(has(with("summary.json", "[1]"), "summary.json] expected a JSON object"));
  BOOST_TEST(has(with("summary.json", "{\"seconds\": {\"a\": \"b\"}}"), "summary.json] expected numbers"));
  for (const char* objectives : {"[\"ram_byte\"]", "[3]"})
    BOOST_TEST(has(with("experiment.toml", std::string("[search]\nobjectives = ") + objectives),
                   "experiment.toml:2] expected a known measure; the nearest is"));
  for (const char* objectives : {"[]", "\"accuracy\"", "3"})
    BOOST_TEST(has(with("experiment.toml", std::string("[search]\nobjectives = ") + objectives),
                   "experiment.toml:2] expected names of measures"));
  BOOST_TEST(has(with("experiment.toml", "a = 1\nb = = 2\n"), "experiment.toml:2] expected TOML"));
  BOOST_TEST(has(with("experiment.toml", "[device]\nram_kib = \"x\"\n"), "experiment.toml:2] expected a size above 0"));
  BOOST_TEST(has(with("models/2.layers.csv", "name\nx\n"), "2.layers.csv:1] expected a column kind"));
  BOOST_TEST(message(run) == "no error");
}

BOOST_AUTO_TEST_CASE(thinned_curves_keep_their_means) {
  std::vector<TrainingRow> rows;
  for (int i = 0; i < 1003; ++i) rows.push_back({{}, i, i * 2.0, 0.25});
  const auto few = report::thinned(rows, 17);
  BOOST_REQUIRE(few.size() == 17u);
  for (const auto& point : few) {
    BOOST_TEST(point.loss == 2 * point.step, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(point.accuracy == 0.25);
  }
  BOOST_TEST(few[0].step == 29.0);  // 59 points from 0 to 58
  BOOST_TEST(report::thinned(rows, 2000).size() == 1003u);
}

BOOST_AUTO_TEST_SUITE_END()
