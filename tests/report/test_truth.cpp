// Searches beside the truth: systems trained from scratch, spaces evaluated whole, every data configuration.
#include <boost/test/unit_test.hpp>

#include "report/ablation.hpp"
#include "report/paper_figures.hpp"
#include "report/rank_correlations.hpp"
#include "report/regret.hpp"
#include "report/report.hpp"
#include "small_campaign.hpp"

using namespace danas;
using namespace danas::report;
using danas::test::fixed, danas::test::several;
using danas::test::SmallCampaign, danas::test::SystemRow;

namespace {

const std::string random_search = "[search]\nstrategy = \"random\"\n";
const std::string scratch = "[supernet]\nsteps = 0\n" + random_search;
const std::string fresh = "[switches]\nfresh_heads = true\nselect_on_test = false\n";

SystemRow system_of(std::size_t number, double accuracy) {
  SystemRow row{accuracy, 20480, 3000};
  row.architecture = fmt::format("1-1-1-1-1 0.{:02}", number);
  return row;
}

/// Systems 0, 1, … with these accuracies.
std::vector<SystemRow> systems(const std::vector<double>& accuracies) {
  std::vector<SystemRow> rows;
  for (const double accuracy : accuracies) rows.push_back(system_of(rows.size(), accuracy));
  return rows;
}

/// first, first + step, …
std::vector<double> ascending(std::size_t count, double first, double step) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(first + step * static_cast<double>(i));
  return values;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(truth)

BOOST_AUTO_TEST_CASE(ranks_of_slices_beside_training_from_scratch) {
  SmallCampaign campaign;
  for (const int seed : {1, 2}) {
    campaign.add("aware", seed, several, systems(ascending(12, 0.5, 0.02)));  // it breeds
    campaign.add("fresh", seed, several + fresh, {{0.7, 20480, 3000}});
    campaign.add("test", seed, several + "[switches]\nselect_on_test = true\n", {{0.7, 20480, 3000}});
  }
  campaign.add("scratch", 1, several + scratch, systems(ascending(12, 0.5, 0.01)));
  campaign.add("again", 1, several + scratch, systems(ascending(11, 0.6, 0.02)));
  std::vector<double> swapped =
      ascending(13, 0.3, 0.01);  // one pair of the 66; the last system is not of those from scratch
  std::swap(swapped[3], swapped[4]);
  campaign.add("plain", 1, several + random_search, systems(swapped));
  campaign.add("reversed", 1, several + fresh + random_search, systems(ascending(12, 0.6, -0.02)));
  std::vector<SystemRow> few = systems(ascending(10, 0.6, 0.02));
  few.back().twin = true;  // nine networks
  campaign.add("few", 1, several + random_search, few);
  const std::vector<Run> runs = campaign.runs();
  const Comparison comparison(runs);

  const std::vector<RankCorrelation> ranks = rank_correlations(comparison);
  BOOST_TEST_REQUIRE(ranks.size() == 3u);
  BOOST_TEST(ranks[0].run.name == "again-1");
  BOOST_TEST(ranks[0].scratch.name == "scratch-1");
  BOOST_TEST(ranks[0].systems == 11u);
  BOOST_TEST(ranks[0].tau == 1.0);
  BOOST_TEST(ranks[1].run.name == "plain-1");
  BOOST_TEST(ranks[1].scratch.name == "scratch-1");  // with which it has more in common
  BOOST_TEST(ranks[1].systems == 12u);
  BOOST_TEST(ranks[1].accuracy == 0.355, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(ranks[1].scratch_accuracy == 0.555, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(ranks[1].tau == 64.0 / 66, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(ranks[1].interval.low < ranks[1].tau);
  BOOST_TEST(ranks[1].interval.high == 1.0);
  BOOST_TEST(!ranks[1].over_plain.has_value());
  BOOST_TEST(ranks[2].tau == -1.0, boost::test_tools::tolerance(1e-12));
  BOOST_TEST_REQUIRE(ranks[2].over_plain.has_value());
  BOOST_TEST(ranks[2].over_plain->value == -1 - 64.0 / 66, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(ranks[2].over_plain->interval.low == -2.0, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(ranks[2].over_plain->interval.high < -1.7);

  // They are no part of the paper's figures and of what switches do, but for the last column.
  BOOST_TEST(comparison.on_images(Role::data_aware, DeviceSize::large).size() == 2u);
  const std::vector<Ablation> rows = ablation(comparison);
  BOOST_TEST_REQUIRE(rows.size() == 3u);
  for (const Ablation& row : rows) BOOST_TEST(row.accuracy.count == 2u);
  BOOST_TEST(rows[0].tau.mean == 64.0 / 66, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(rows[1].switches == "fresh_heads");
  BOOST_TEST(rows[1].tau.mean == -1.0, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(rows[2].tau.count == 0u);  // selection on test images changes no network

  write_report({campaign.path()}, campaign.path() / "report.html");
  const std::string page = read_file(campaign.path() / "report.html");
  for (const char* part : {"id=\"ranks\"", "data-label=\"Δτ\">-1.97</td>", "data-label=\"τ\">0.97</td>"})
    BOOST_TEST(has(page, part), part);
}

BOOST_AUTO_TEST_CASE(ranks_before_and_after_final_training) {
  SmallCampaign campaign;
  campaign.add("aware", 1, several, systems({0.5, 0.6, 0.7, 0.8, 0.9, 0.95}));
  std::vector<SystemRow> finals = systems({0.6, 0.7, 0.8, 0.75, 0.9, 0.1});
  finals[5].status = "fallback";
  campaign.train_further(finals);
  const auto ranks = final_ranks(campaign.runs()[0]);
  BOOST_TEST_REQUIRE(ranks.has_value());
  BOOST_TEST(ranks->systems == 5u);
  BOOST_TEST(ranks->tau == 0.8, boost::test_tools::tolerance(1e-12));  // one pair of ten
  finals.erase(finals.begin() + 4, finals.end());
  campaign.train_further(finals);
  BOOST_TEST(!final_ranks(campaign.runs()[0]).has_value());
}

BOOST_AUTO_TEST_CASE(regret_to_a_space_evaluated_whole) {
  SmallCampaign campaign;
  const std::string space = "resolution = [96]\ncolor = [\"rgb\"]\nwidth = [0.2, 0.5, 1.0]\ndepth = [3, 0, 0, 0, 0]\n";
  std::vector<SystemRow> all = systems(ascending(12, 0.4, 0.05));
  all[11].over = 1;  // the best within the limits is 0.9
  campaign.add("all", 1, space + "[search]\nstrategy = \"exhaustive\"\n", all);
  campaign.finish({0.4, 20480, 3000}, 1024, 1024, R"("a", "b", "c", "d")");
  std::vector<SystemRow> first(all.begin(), all.begin() + 10), second(all.rbegin(), all.rbegin() + 3);
  campaign.add("random", 1, space + random_search + "seed = 5\n", first);  // ends with 0.85
  campaign.add("random", 2, space + random_search + "seed = 6\n", second);
  first[0].accuracy = 0.41;  // trained otherwise
  campaign.add("other", 1, space + random_search, first);
  campaign.add("part", 1, space + "[search]\nstrategy = \"exhaustive\"\n", first);
  const std::vector<Run> runs = campaign.runs();
  const std::vector<Regrets> found = regrets(Comparison(runs));
  BOOST_TEST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found[0].whole.name == "all-1");
  BOOST_TEST(found[0].best == 0.9, boost::test_tools::tolerance(1e-12));
  BOOST_TEST_REQUIRE(found[0].groups.size() == 1u);
  const RegretGroup& group = found[0].groups[0];
  BOOST_TEST(group.name == "random");
  BOOST_TEST_REQUIRE(group.searches.size() == 2u);
  // 0.9 - 0.4 and all of 0.9, as the first system of the second search is over the limits; then 0.45 is found, and 0.9.
  BOOST_TEST(group.after(1).mean == 0.7, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(group.after(1).deviation == 0.4 / std::sqrt(2.0), boost::test_tools::tolerance(1e-9));
  BOOST_TEST(group.after(2).mean == 0.225, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(group.after(10).count == 1u);
  BOOST_TEST(group.after(10).mean == 0.05, boost::test_tools::tolerance(1e-9));
  // All need the same, so that of chance, 0.25, to 0.9 what 0.85 covers is left.
  BOOST_TEST(group.covered(0).mean == 0.6 / 0.65, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(group.covered(1).count == 0u);

  const std::vector<Figure> figures = regret_figures(found);
  BOOST_TEST_REQUIRE(figures.size() == 1u);
  const Series& line = figures[0].chart.series[0];
  BOOST_TEST_REQUIRE(line.marks.size() == 3u);  // as far as both went
  BOOST_TEST(line.marks[1].y == 0.225, boost::test_tools::tolerance(1e-9));
  write_figures({campaign.path()}, campaign.path() / "figures");
  BOOST_TEST(std::filesystem::exists(campaign.path() / "figures/regret.csv"));
  write_report({campaign.path()}, campaign.path() / "report.html");
  BOOST_TEST(has(read_file(campaign.path() / "report.html"), "data-label=\"regret, 10 systems\">5.0\u202f% ± 0.0"));
}

BOOST_AUTO_TEST_CASE(runs_that_are_no_part_of_the_papers_comparisons) {
  const auto told = [](const std::string& experiment) {
    SmallCampaign campaign;
    campaign.add("aware", 1, experiment, systems({0.5, 0.6}));
    write_report({campaign.path()}, campaign.path() / "report.html");
    const std::string page = read_file(campaign.path() / "report.html");
    return std::pair(has(page, "The paper's claims"), has(page, "The paper's figures"));
  };
  BOOST_TEST((told(several) == std::pair(true, true)));
  BOOST_TEST((told(several + scratch) == std::pair(false, false)));
}

BOOST_AUTO_TEST_CASE(hardware_aware_search_by_its_input) {
  SmallCampaign campaign;
  const std::string gray = "resolution = [96]\ncolor = [\"monochrome\"]\nwidth = [0.5, 1.0]\n";
  for (const int seed : {1, 2}) {
    campaign.add("aware", seed, several, {{0.8 + 0.001 * seed, 20480, 3000}});
    campaign.add("gray", seed, gray, {{0.9 + 0.001 * seed, 20480, 3000}});
    campaign.add("rgb", seed, fixed, {{0.7 + 0.001 * seed, 20480, 3000}});
  }
  const std::vector<Run> runs = campaign.runs();
  const Comparison comparison(runs);
  const std::vector<Member> members = comparison.on_images(Role::hardware_aware, DeviceSize::large);
  BOOST_TEST_REQUIRE(members.size() == 2u);
  BOOST_TEST(members[1].name == "rgb-2");
  const auto inputs = comparison.by_input(DeviceSize::large);
  BOOST_TEST_REQUIRE(inputs.size() == 2u);
  BOOST_TEST(inputs[1][0].name == "gray-1");
  write_report({campaign.path()}, campaign.path() / "report.html");
  const std::string page = read_file(campaign.path() / "report.html");
  BOOST_TEST(has(page, "data-aware finds more\">holds</td>"));
  BOOST_TEST(has(page, "data-aware finds more\">does not hold</td>"));
  for (const Figure& figure : paper_figures(comparison).figures)
    for (const Series& series : figure.chart.series) BOOST_TEST(!has(series.name, "gray"), figure.id);
}

BOOST_AUTO_TEST_SUITE_END()
