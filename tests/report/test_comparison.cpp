// Figures and claims on run directories so small that their values follow by hand.
#include <boost/test/unit_test.hpp>

#include <fmt/core.h>

#include "report/ablation.hpp"
#include "report/claims.hpp"
#include "report/comparison.hpp"
#include "report/draw_chart.hpp"
#include "report/paper_figures.hpp"
#include "report/progress_figures.hpp"
#include "report/report.hpp"
#include "results/campaign_table.hpp"
#include "small_campaign.hpp"

using namespace danas;
using namespace danas::report;
using danas::test::fixed, danas::test::several, danas::test::stacks;
using danas::test::SmallCampaign, danas::test::SystemRow;
namespace fs = std::filesystem;

namespace {

const Chart& figure(const PaperFigures& figures, const std::string& id) {
  for (const Figure& each : figures.figures)
    if (each.id == id) return each.chart;
  BOOST_FAIL("no " << id);
  throw std::logic_error(id);
}

std::vector<std::pair<double, double>> points(const Series& series) {
  std::vector<std::pair<double, double>> points;
  for (const Mark& mark : series.marks) points.emplace_back(mark.x, mark.y);
  return points;
}

using Points = std::vector<std::pair<double, double>>;

const Claim& claim(const std::vector<Claim>& claims, const std::string& part) {
  for (const Claim& each : claims)
    if (each.text.find(part) != std::string::npos) return each;
  BOOST_FAIL("no claim of " << part);
  throw std::logic_error(part);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(comparisons)

BOOST_AUTO_TEST_CASE(means_and_verdicts) {
  const Spread a = spread_of({0.7, 0.72, 0.74}), b = spread_of({0.6, 0.61, 0.62});
  BOOST_TEST(a.mean == 0.72, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(a.deviation == 0.02, boost::test_tools::tolerance(1e-9));
  // Pooled: √((0.02² + 0.01²) / 2 · 2 / 3) = 0.0129; times 2.776 it is 0.0358, less than 0.11.
  BOOST_TEST((is_larger(a, b) == Verdict::holds));
  BOOST_TEST((is_larger(b, a) == Verdict::does_not));
  BOOST_TEST((is_larger(a, {0.72 - 0.0358, 0.01, 3}) == Verdict::cannot_be_told));
  BOOST_TEST((is_larger(a, {0.72 - 0.0359, 0.01, 3}) == Verdict::holds));
  BOOST_TEST((is_larger(a, spread_of({0.1})) == Verdict::cannot_be_told));
}

BOOST_AUTO_TEST_CASE(fronts_of_runs_and_of_all) {
  SmallCampaign campaign;
  campaign.add("aware", 1, several, {{0.6, 20480, 3000}, {0.5, 40960, 9000}, {0.8, 81920, 9000}});
  campaign.add("aware", 2, several, {{0.7, 20480, 5000}, {0.75, 163840, 2000}});
  campaign.add("fixed", 1, fixed, {{0.55, 20480, 3000}});
  const std::vector<Run> runs = campaign.runs();
  const PaperFigures figures = paper_figures(Comparison(runs));
  const Chart& ram = figure(figures, "figure-4-ram");
  BOOST_TEST_REQUIRE(ram.series.size() == 4u);
  BOOST_TEST((points(ram.series[0]) == Points{{20480, 0.6}, {81920, 0.8}}));  // the second is dominated
  BOOST_TEST((points(ram.series[1]) == Points{{20480, 0.7}, {163840, 0.75}}));
  BOOST_TEST((points(ram.series[2]) == Points{{20480, 0.7}, {81920, 0.8}}));  // of both runs
  BOOST_TEST((points(ram.series[3]) == Points{{20480, 0.55}}));
  BOOST_TEST(ram.y.label == "accuracy");  // none of them was tested
  BOOST_TEST(ram.limit->x == 512 * 1024);
  const Chart& flash = figure(figures, "figure-4-flash");
  BOOST_TEST((points(flash.series[2]) == Points{{2000, 0.75}, {9000, 0.8}}));
  BOOST_TEST((points(figure(figures, "figure-5-ram").series[0]) == Points{{20480, 0.55}}));
  std::string left_out;
  for (const std::string& line : figures.left_out) left_out += line + "\n";
  BOOST_TEST(figures.left_out.size() == 6u);
  for (const char* line : {"Figure 2: no data-aware runs on sounds",
                           "Figure 6: no data-aware or hardware-aware runs on images "
                           "for the large device of 25 systems or more",
                           "Figure 8: no data-aware runs on images for the medium", "Figure 10: no naive runs"})
    BOOST_TEST(has(left_out, line), left_out);
}

BOOST_AUTO_TEST_CASE(progress_of_searches) {
  SmallCampaign campaign;
  std::vector<SystemRow> rows(26, SystemRow{0.5, 40960, 9000});
  rows[0] = {0.3, 20480, 1000};    // the smallest: on the front
  rows[25] = {0.75, 81920, 9000};  // the best: on the front
  campaign.add("aware", 1, several, rows);
  const std::vector<Run> runs = campaign.runs();
  const PaperFigures figures = paper_figures(Comparison(runs));
  // (10 · (0.3 + 24 · 0.5)) / 25, then with 0.75 for 0.3.
  const Points fitness = points(figure(figures, "figure-6-images").series[0]);
  BOOST_TEST_REQUIRE(fitness.size() == 2u);
  BOOST_TEST(fitness[0].first == 25);  // thousands
  BOOST_TEST(fitness[0].second == 4.92, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(fitness[1].second == 5.1, boost::test_tools::tolerance(1e-12));
  // Rows 1, 2 (of equal ones the first) and 26.
  const Points found = points(figure(figures, "figure-7-time").series[0]);
  BOOST_TEST_REQUIRE(found.size() == 4u);
  BOOST_TEST(found[1].first == 10.0 / 60, boost::test_tools::tolerance(1e-12));  // minutes
  BOOST_TEST(found[2].second == 2.0 / 3, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(found[3].first == 260.0 / 60, boost::test_tools::tolerance(1e-12));
  BOOST_TEST((figure(figures, "figure-7-images").series[0].ends_at == 26.0));
}

BOOST_AUTO_TEST_CASE(systems_until_an_accuracy) {
  SmallCampaign campaign;
  campaign.add("aware", 1, several, {{0.66, 1000, 100}, {0.7, 1000, 100}});
  campaign.add("aware", 2, several, {{0.5, 1000, 100}, {0.5, 1000, 100, true}, {0.6, 1000, 100}, {0.68, 1000, 100}});
  campaign.add("aware", 3, several, {{0.5, 1000, 100}});
  SystemRow skipped{0, 1000, 100};  // not trained: none of the systems that it took
  skipped.status = "skipped: over the limits";
  campaign.add("naive", 1, stacks, {{0.5, 1000, 100}, skipped, {0.679, 1000, 100}});
  campaign.add("naive", 2, stacks,
               std::vector<SystemRow>{{0.5, 1, 1}, {0.5, 1, 1}, {0.5, 1, 1}, {0.671, 1, 1}, {0.69, 1, 1}});
  const std::vector<Run> runs = campaign.runs();
  const PaperFigures figures = paper_figures(Comparison(runs));
  const Chart& systems = figure(figures, "figure-10-systems");
  BOOST_TEST(has(systems.title, "67\u202f%"));  // the worse of the naive runs reached 67.9 %
  BOOST_TEST_REQUIRE(systems.series.size() == 4u);
  BOOST_TEST((points(systems.series[1]) == Points{{0, 2}, {0, 3}}));  // the twin does not count, one never reached it
  BOOST_TEST((points(systems.series[3]) == Points{{1, 2}, {1, 4}}));
  BOOST_TEST(systems.series[0].marks[0].y == 2.5);
  BOOST_TEST(systems.series[0].marks[0].deviation == std::sqrt(0.5), boost::test_tools::tolerance(1e-12));
  BOOST_TEST(systems.places[0] == "with supernets (2 of 3 runs)");
  BOOST_TEST(claim(claims(Comparison(runs)), "evaluates more systems").here ==
             "3 ± 1.41 (2 runs) against 2.5 ± 0.707 (2 of 3 runs)");
  const Chart& images = figure(figures, "figure-10-images");
  BOOST_TEST((points(images.series[1]) == Points{{0, 2}, {0, 4}}));  // thousands
  BOOST_TEST(chart_csv(systems).starts_with("series,place,systems evaluated,deviation,note\n"));
}

BOOST_AUTO_TEST_CASE(claims_beside_the_paper) {
  SmallCampaign campaign;
  const std::string medium = "ram_kib = 320\nflash_kib = 1024\n";
  for (int seed = 1; seed <= 3; ++seed) {
    const double more = 0.01 * seed;
    campaign.add("aware", seed, several, {{0.7 + more, 20480, 1000}, {0.6, 10240, 500}});
    campaign.add("fixed", seed, fixed, {{0.6 + more, 20480, 1000}});
    campaign.add("medium", seed, several, {{0.65, 20480, 1000}}, medium);
    campaign.add("sounds", seed, several, {{0.95, 20480, 100 * seed}}, medium, "toyadmos");
    campaign.add("spectrogram", seed, fixed, {{0.95, 20480, 1'000'000}}, medium, "toyadmos");
  }
  const std::vector<Run> runs = campaign.runs();
  const std::vector<Claim> all = claims(Comparison(runs));
  BOOST_TEST(all.size() == 8u);
  const Claim& accuracy = claim(all, "more accurate system than hardware-aware");
  BOOST_TEST(accuracy.here == "72.0\u202f% ± 1.0\u202f% (3 runs) against 62.0\u202f% ± 1.0\u202f% (3 runs)");
  BOOST_TEST((accuracy.verdict == Verdict::holds));
  BOOST_TEST(accuracy.data == "pets");
  const Claim& systems = claim(all, "61\u202f% accuracy");  // what the worst of the best reaches
  BOOST_TEST(systems.here == "1 ± 0 (3 runs) against 1 ± 0 (3 runs)");
  BOOST_TEST((systems.verdict == Verdict::cannot_be_told));
  BOOST_TEST((claim(all, "three devices").verdict == Verdict::cannot_be_told));  // the small one has no runs
  BOOST_TEST(claim(all, "than naive search").here == "no such runs to compare");
  const Claim& sounds = claim(all, "On sounds");
  BOOST_TEST(sounds.here.starts_with("6 ± 0 (3 runs) against 2.26 ± "), sounds.here);
  BOOST_TEST((sounds.verdict == Verdict::holds));
}

BOOST_AUTO_TEST_CASE(what_switches_do) {
  SmallCampaign campaign;
  constexpr long long kib = 1024;
  for (const int seed : {1, 2}) {
    const SystemRow row{0.75 + 0.001 * seed, 20480, 3000};
    campaign.add("aware", seed, several, {row});
    campaign.finish({0.75, 20480, 3000}, 128 * kib, 512 * kib);
    const std::string on = several + "[switches]\nfresh_heads = true\nmask_width = false\nkeep_statistics = true\n";
    campaign.add("fresh", seed, on, {row});
    campaign.finish({0.625 + 0.001 * seed, 20480, 3000}, 128 * kib, 512 * kib);
  }
  campaign.add("published", 1, several + "[switches]\nfresh_heads = true\nmask_width = true\n", {{0.6, 20480, 3000}});
  const std::vector<Run> runs = campaign.runs();
  const Comparison comparison(runs);
  BOOST_TEST(comparison.on_images(Role::data_aware, DeviceSize::large).size() == 2u);  // those without switches
  const std::vector<Ablation> rows = ablation(comparison);
  BOOST_TEST_REQUIRE(rows.size() == 3u);
  BOOST_TEST(rows[0].switches.empty());
  // Half of the way from chance to all, three quarters of RAM and flash unused.
  BOOST_TEST(rows[0].hypervolume.mean == 0.5 * 0.75 * 0.75, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(rows[1].switches == "all");
  BOOST_TEST(rows[2].switches == "fresh_heads, keep_statistics");
  BOOST_TEST((rows[2].more_accurate == Verdict::does_not));
  BOOST_TEST((rows[2].larger == Verdict::does_not));
}

BOOST_AUTO_TEST_CASE(a_campaigns_page_and_its_figures) {
  SmallCampaign campaign;
  campaign.add("aware", 1, several, {{0.6, 20480, 3000}, {0.8, 81920, 9000}});
  campaign.add("<i>", 1, fixed, {{0.55, 20480, 3000}});
  write_file(campaign.path() / "campaign.csv", read_file(campaign.path() / "campaign.csv") + "later-1,later,1\n");
  const fs::path html = campaign.path() / "report.html";
  write_report({campaign.path()}, html);
  const std::string page = read_file(html);
  for (const char* part : {"1 run without systems yet: later-1.", "id=\"claims\"", "id=\"figure-4-ram\"", "Table 1",
                           "6 of the paper's 9 figures left out", "&lt;i&gt;-1",
                           "<td class=\"number\" data-label=\"images a system\">1,000</td>"})
    BOOST_TEST(has(page, part), part);
  BOOST_TEST(!has(page, "{{"));
  BOOST_TEST(!has(page, "<script"));
  BOOST_TEST(!has(page, "<i>-1"));

  const fs::path figures = campaign.path() / "figures";
  const std::vector<fs::path> written = write_figures({campaign.path()}, figures);
  BOOST_TEST(written.size() == 2u + 6u);
  const std::string pdf = read_file(figures / "figure-4-ram.pdf");
  BOOST_TEST(pdf.starts_with("%PDF-1.4\n"));
  const std::size_t table = std::stoul(pdf.substr(pdf.find("startxref\n") + 10));
  BOOST_TEST(pdf.substr(table, 7) == "xref\n0 ");
  BOOST_TEST(read_file(figures / "figure-4-ram.csv") ==
             "series,\"RAM, KiB\",accuracy,deviation,note\n"
             "aware-1,20480,0.6,0,\"aware-1, no. 1: 96×96 rgb, depths 2-3-1-0-0, width 0.5; accuracy 60.0\u202f%, RAM "
             "20\u202fKiB, flash 2.9\u202fKiB\"\n"
             "aware-1,81920,0.8,0,\"aware-1, no. 2: 96×96 rgb, depths 2-3-1-0-0, width 0.5; accuracy 80.0\u202f%, RAM "
             "80\u202fKiB, flash 8.8\u202fKiB\"\n"
             "front of these runs,20480,0.6,0,\nfront of these runs,81920,0.8,0,\n"
             "front of the hardware-aware runs,20480,0.55,0,\n");
}

BOOST_AUTO_TEST_CASE(campaigns_without_systems_are_no_report) {
  SmallCampaign a, b;
  for (SmallCampaign* each : {&a, &b})
    write_file(each->path() / "campaign.csv", "folder,label,seed\naware-1,aware,1\n");
  BOOST_CHECK_EXCEPTION(write_report({a.path(), b.path()}, a.path() / "report.html"), Error, [](const Error& error) {
    return has(error.what(), "expected runs with systems, got none yet");
  });
}

BOOST_AUTO_TEST_CASE(a_list_of_runs_is_not_trusted) {
  SmallCampaign campaign;
  campaign.add("aware", 1, several, {{0.6, 20480, 3000}});
  write_file(campaign.path() / "campaign.csv", "folder,label,seed\n../other,x,1\n");
  BOOST_CHECK_EXCEPTION(
      write_report({campaign.path()}, campaign.path() / "report.html"), Error,
      [](const Error& error) { return has(error.what(), "campaign.csv:2] expected the name of a folder"); });
}

BOOST_AUTO_TEST_SUITE_END()
