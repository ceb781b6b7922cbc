// GCC 12 takes std::regex for uninitialized where it adds the checks of the address sanitizer.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <boost/test/unit_test.hpp>

#include <regex>

#include "base/error.hpp"
#include "report/assets.hpp"
#include "report/draw_chart.hpp"
#include "report/front_chart.hpp"
#include "report/report.hpp"
#include "run_directory.hpp"

using namespace danas;

namespace {

std::string report_of(const std::vector<std::filesystem::path>& runs) {
  const std::filesystem::path html = runs.at(0) / "report.html";
  write_report(runs, html);
  return read_file(html);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

/// The page without the scripts, for what is read with scripts switched off.
std::string without_scripts(std::string html) { return html.substr(0, html.find("<script")); }

}  // namespace

BOOST_AUTO_TEST_SUITE(whole)

BOOST_AUTO_TEST_CASE(a_finished_run) {
  RunDirectory directory;
  directory.finish();
  const std::string html = report_of({directory.path()});
  const std::string page = without_scripts(html);
  BOOST_TEST(has(page, "<h1>pets</h1>"));
  BOOST_TEST(has(page, "<b>96×96 monochrome</b> images"));
  BOOST_TEST(has(page, "depths 2-3-1-0-0, width 0.5"));
  BOOST_TEST(has(page, "73.7\u202f% of the 800 test images"));
  BOOST_TEST(has(page, "the STM32F446 has 256\u202fKiB"));
  BOOST_TEST(has(page, "href=\"models/2.safetensors\""));
  for (const char* id : {"1", "2", "3", "4"})
    BOOST_TEST(has(page, std::string("data-label=\"no.\" data-value=\"") + id + '"'));
  BOOST_TEST(has(page, "Layers of no. 2"));
  BOOST_TEST(has(page, "RAM peak 87.9\u202fKiB at blocks.1.depthwise"));
  BOOST_TEST(has(page, "1,234,567"));
  BOOST_TEST(has(page, "cat.jpg: truncated"));
  BOOST_TEST(has(page, "flash_kib = 1024"));
  BOOST_TEST(!has(page, "not finished"));
  BOOST_TEST(has(html, "Chart.js v3.9"));
  BOOST_TEST(!has(html, "{{"));
}

BOOST_AUTO_TEST_CASE(an_unfinished_run_says_so) {
  RunDirectory directory;
  const std::string page = without_scripts(report_of({directory.path()}));
  BOOST_TEST(has(page, "This run is not finished"));
  BOOST_TEST(has(page, "72.0\u202f% of the validation images"));
  BOOST_TEST(has(page, "Validation accuracy as the search saw it, before final training.\nThe line"));
  BOOST_TEST(!has(page, "validation (final)"));
  BOOST_TEST(!has(page, "<td data-label=\"test"));
}

BOOST_AUTO_TEST_CASE(trainings_that_diverged_are_told) {
  RunDirectory directory;
  directory.finish();
  directory.add_columns("candidates.csv", {",evaluated", ",evaluated", ",diverged", "1,twin"});
  directory.add_columns("front.csv", {",evaluated", ",fallback"});
  const std::string page = without_scripts(report_of({directory.path()}));
  BOOST_TEST(has(page, "The training of no. 3 diverged: left out."));
  BOOST_TEST(!has(page, "data-label=\"no.\" data-value=\"3\""));
  BOOST_TEST(has(page, "The final training of no. 2 diverged: the model is that of before."));
  BOOST_TEST(has(page, "<span class=\"badge\">as it was before</span>"));
  BOOST_TEST(has(page, "<span class=\"badge\">= no. 1</span>"));
  BOOST_TEST(has(page, "All 3 systems"));
  RunDirectory all;
  all.add_columns("candidates.csv", {",diverged", ",diverged", ",diverged", ",diverged"});
  const std::string nothing = without_scripts(report_of({all.path()}));
  BOOST_TEST(has(nothing, "The training of every system has diverged."));
  BOOST_TEST(has(nothing, "The training of nos. 1, 2, 3 and 4 diverged"));
}

BOOST_AUTO_TEST_CASE(each_accuracy_has_its_name) {
  RunDirectory directory;
  directory.finish();
  const std::string page = without_scripts(report_of({directory.path()}));
  BOOST_TEST(has(page, "Large points: trained to the end, validation accuracy; small points: as the search saw them"));
  BOOST_TEST(has(page, "<td data-label=\"validation (final)\" data-value=\"0.75\""));
  BOOST_TEST(has(page, "<td data-label=\"validation (search)\" data-value=\"0.72\""));
  BOOST_TEST(has(page, "<td data-label=\"test\" data-value=\"0.7371\""));
  BOOST_TEST(!has(page, "<td data-label=\"accuracy\""));
}

// Of a search that selects on test.
BOOST_AUTO_TEST_CASE(the_split_that_selects_is_named) {
  RunDirectory directory;
  directory.finish();
  for (const char* table : {"candidates.csv", "front.csv"}) {
    std::string text = read_file(directory.path() / table);
    for (std::size_t at; (at = text.find(",validation,")) != text.npos;) text.replace(at, 12, ",test,");
    directory.write(table, text);
  }
  const std::string page = without_scripts(report_of({directory.path()}));
  for (const char* text : {"Test accuracy as the search saw it", "trained to the end, test accuracy;",
                           "<td data-label=\"test (final)\" data-value=\"0.75\"", "data-label=\"test (search)\"",
                           "The search chose by the test images"})
    BOOST_TEST(has(page, text), text);
  BOOST_TEST(count(page, "alidation") == 1u);  // the count of its images
}

BOOST_AUTO_TEST_CASE(tables_stand_by_validation) {
  RunDirectory directory;
  directory.finish();
  const std::string page = without_scripts(report_of({directory.path()}));
  const std::size_t front = page.find("id=\"front-0\""), all = page.find("All 4 systems");
  const auto place = [&](const char* id, std::size_t from) {
    return page.find(std::string("data-label=\"no.\" data-value=\"") + id + '"', from);
  };
  BOOST_TEST(place("2", front) < place("1", front));  // 75 % before 66 %, though 73.7 % and 76 % on test
  for (const char* id : {"2", "1", "4"}) BOOST_TEST(place("3", all) < place(id, all));
  BOOST_TEST(has(page, "data-label=\"validation (final)\" aria-sort=\"descending\">"));
  BOOST_TEST(has(page, "data-label=\"validation (search)\" aria-sort=\"descending\">"));
  BOOST_TEST(count(page, " aria-sort=\"") == 2u);
}

BOOST_AUTO_TEST_CASE(words_are_explained) {
  RunDirectory directory;
  const std::string page = without_scripts(report_of({directory.path()}));
  BOOST_TEST(page.find("Depths: how many blocks") > page.find("depths 2-3-1-0-0"));
  BOOST_TEST(page.find("Depths: how many blocks") < page.find("class=\"tiles\""));
  BOOST_TEST(has(page, "The front: within the limits, no other system is as good in accuracy, RAM and flash."));
  directory.write("experiment.toml", "[search]\nobjectives = [\"f1\", \"macs\"]\n");
  BOOST_TEST(has(report_of({directory.path()}), "no other system is as good in F1 and MACs."));
}

BOOST_AUTO_TEST_CASE(phases_stand_in_order_of_time) {
  RunDirectory directory;
  directory.finish();
  const std::string page = without_scripts(report_of({directory.path()}));
  std::size_t last = page.find("Time by phase");
  BOOST_REQUIRE(last != page.npos);
  for (const char* phase : {"data", "supernets", "candidates", "final training", "total", "extra"}) {
    const std::size_t place = page.find(std::string("<th scope=\"row\">") + phase + "</th>");
    BOOST_TEST(place != page.npos);
    BOOST_TEST(place > last);
    last = place;
  }
}

BOOST_AUTO_TEST_CASE(facts_of_the_data) {
  RunDirectory directory;
  directory.finish();
  const std::string page = without_scripts(report_of({directory.path()}));
  for (const char* fact : {"<dt>classes</dt><dd>cat, dog</dd>", "<dt>positive class</dt><dd>dog</dd>",
                           "<dt>training images</dt><dd>6,200</dd>", "<dt>validation images</dt><dd>400</dd>",
                           "<dt>test images</dt><dd>800</dd>", "<dt>unusable files</dt><dd>7</dd>"})
    BOOST_TEST(has(page, fact));
  directory.write("summary.json", "{\"best\": {\"id\": 2}}");
  const std::string older = without_scripts(report_of({directory.path()}));
  BOOST_TEST(has(older, "73.7\u202f% of the test images"));
  BOOST_TEST(!has(older, "<dt>classes"));
  directory.write("summary.json", R"({"new_key": 1.5, "data": {"classes": ["a", "b", "c"], "positive": "b"}})");
  const std::string odd = without_scripts(report_of({directory.path()}));
  BOOST_TEST(has(odd, "<dt>new key</dt><dd>1.5</dd>"));
  BOOST_TEST(has(odd, "<dt>classes</dt><dd>a, b, c</dd>"));
  BOOST_TEST(!has(odd, "positive class"));
}

BOOST_AUTO_TEST_CASE(a_peak_is_red_above_the_limit_only) {
  RunDirectory directory;
  directory.finish();
  BOOST_TEST(has(report_of({directory.path()}), "<div class=\"network\">"));
  directory.write("experiment.toml", "[device]\nram_kib = 80\n");
  BOOST_TEST(has(report_of({directory.path()}), "<div class=\"network over\">"));
}

BOOST_AUTO_TEST_CASE(a_run_without_any_system) {
  RunDirectory directory;
  directory.write("candidates.csv", std::string(RunDirectory::candidate_header) + '\n');
  const std::string page = without_scripts(report_of({directory.path()}));
  BOOST_TEST(has(page, "No system has been evaluated yet"));
}

BOOST_AUTO_TEST_CASE(nothing_within_the_limits) {
  RunDirectory directory;
  directory.write("candidates.csv",
                  std::string(RunDirectory::candidate_header) + '\n' +
                      RunDirectory::row("3", "96-rgb", "3-4-3-3-1 1", 0.83, 300000, 2200000, 37856, 1151424));
  BOOST_TEST(has(report_of({directory.path()}), "No system within the device"));
}

BOOST_AUTO_TEST_CASE(nothing_is_loaded_from_the_network) {
  RunDirectory directory;
  directory.finish();
  const std::string html = report_of({directory.path()});
  const std::regex load("(src|href|action|srcset|data)\\s*=\\s*[\"']?\\s*(https?:|//)", std::regex::icase);
  const std::string page = without_scripts(html);
  BOOST_TEST(!std::regex_search(page, load));
  BOOST_TEST(!has(page, "@import"));
  BOOST_TEST(!has(page, "url("));
  const std::regex element("<(script|link|img|iframe)[^>]*\\s(src|href)\\s*=", std::regex::icase);
  BOOST_TEST(!std::regex_search(page, element));
  BOOST_TEST(!has(html, "<script src"));
  BOOST_TEST(has(page, "default-src 'none'"));
}

BOOST_AUTO_TEST_CASE(hostile_texts_stay_texts) {
  const std::string evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'";
  RunDirectory directory("evil & <b>");
  directory.finish();
  std::string quoted = evil;
  for (std::size_t at = 0; (at = quoted.find('"', at)) != quoted.npos; at += 2) quoted.insert(at, 1, '"');
  quoted = '"' + quoted + '"';
  directory.append("candidates.csv", RunDirectory::row("5", quoted, quoted, 0.5, 90000, 7000));
  directory.append("training.csv", "\"supernet " + quoted.substr(1) + ",0,0.5,0.5,0.001,0\n");
  directory.write("experiment.toml", "name = '''" + evil + "'''\n[device]\nname = '''" + evil + "'''\nram_kib = 256\n");
  directory.write("models/2.layers.csv",
                  "name,kind,in_height,in_width,in_channels,out_height,out_width,out_channels,parameters,"
                  "parameters_folded,macs,ram_bytes,flash_bytes\n" +
                      quoted + ',' + quoted + ",96,96,1,48,48,4,44,40,82944,18432,40\n");
  directory.write("summary.json", R"({"best": {"id": "2"}, "problems": ["</script><script>alert(3)</script>"],
    "seconds": {"<script>": 3}, "<script>": "<script>", "device": "<script>"})");
  const std::string html = report_of({directory.path()});
  BOOST_TEST(!has(html, "<script>alert"));
  BOOST_TEST(!has(html, "<img src=x"));
  BOOST_TEST(count(html, "<script") == 3u);
  BOOST_TEST(count(html, "</script") == 3u);
  BOOST_TEST(has(html, "&lt;script&gt;alert(1)"));
  BOOST_TEST(has(html, "\\u003c/script>"));
}

BOOST_AUTO_TEST_CASE(several_runs) {
  RunDirectory first("first"), second("second");
  first.finish();
  const std::string page = without_scripts(report_of({first.path(), second.path()}));
  BOOST_TEST(has(page, "<h1>2 runs</h1>"));
  BOOST_TEST(has(page, "data-run=\"0\">first</h2>"));
  BOOST_TEST(has(page, "data-run=\"1\">second</h2>"));
  BOOST_TEST(has(page, "id=\"front-0\""));
  BOOST_TEST(has(page, "id=\"front-1\""));
}

BOOST_AUTO_TEST_CASE(errors_leave_no_file) {
  RunDirectory directory;
  const std::filesystem::path html = directory.path() / "report.html";
  BOOST_CHECK_THROW(write_report({}, html), Error);
  directory.append("candidates.csv", "1,2,3\n");
  BOOST_CHECK_EXCEPTION(write_report({directory.path()}, html), Error, [](const Error& error) {
    return has(error.what(), "candidates.csv:6]") && error.exit_status() == 2;
  });
  BOOST_TEST(!std::filesystem::exists(html));
}

BOOST_AUTO_TEST_CASE(the_front_as_a_picture) {
  RunDirectory directory;
  directory.finish();
  const std::string svg = report::chart_svg(report::front_chart(report::read_run(directory.path())));
  BOOST_TEST(svg.starts_with("<svg xmlns="));
  BOOST_TEST(svg.ends_with("</svg>\n"));
  BOOST_TEST(count(svg, "<title>No. ") == 4u);
  BOOST_TEST(has(svg, "validation 66.0\u202f% (final), 61.0\u202f% (search), test 76.0\u202f%"));
  BOOST_TEST(has(svg, "validation 55.0\u202f% (search); RAM"));
  BOOST_TEST(count(svg, "r=\"5.6\"") == 4u);                         // no. 1, two configurations and the sign for it
  BOOST_TEST(count(svg, "fill=\"none\" stroke=\"#a3460a\"") == 1u);  // 96 rgb, over its limits
  for (const char* text : {"64×64 rgb", "96×96 monochrome", "96×96 rgb", "over a limit", "STM32F446: 256\u202fKiB"})
    BOOST_TEST(has(svg, text));
}

BOOST_AUTO_TEST_CASE(a_long_device_name_stays_out_of_the_picture) {
  RunDirectory directory;
  directory.write("experiment.toml", "[device]\nname = \"" + std::string(90, 'x') + "\"\nram_kib = 256\n");
  const std::string svg = report::chart_svg(report::front_chart(report::read_run(directory.path())));
  BOOST_TEST(has(svg, "limit 256\u202fKiB"));
  BOOST_TEST(!has(svg, "xxx"));
}

BOOST_AUTO_TEST_CASE(assets_are_whole) {
  BOOST_TEST(report::asset("report.html").ends_with("</html>\n"));
  BOOST_TEST(report::asset("report.js").ends_with("})();\n"));
  BOOST_TEST(report::asset("chart.min.js").size() > 100000u);
  BOOST_TEST(report::asset("chart.min.js").find("</script") == std::string_view::npos);
  BOOST_TEST(report::asset("other").empty());
}

BOOST_AUTO_TEST_SUITE_END()
