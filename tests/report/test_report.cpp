// GCC 12 takes std::regex for uninitialized where it adds the checks of the address sanitizer.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <boost/test/unit_test.hpp>

#include <regex>

#include "base/error.hpp"
#include "report/assets.hpp"
#include "report/front_svg.hpp"
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
  BOOST_TEST(has(page, "73.7\u202f% of the test images"));
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
  BOOST_TEST(!has(page, "<td data-label=\"test accuracy\""));
}

BOOST_AUTO_TEST_CASE(a_run_without_any_system) {
  RunDirectory directory;
  directory.write("candidates.csv", std::string(RunDirectory::candidate_header) + '\n');
  const std::string page = without_scripts(report_of({directory.path()}));
  BOOST_TEST(has(page, "No system has been evaluated yet"));
}

BOOST_AUTO_TEST_CASE(nothing_within_the_limits) {
  RunDirectory directory;
  directory.write("candidates.csv", std::string(RunDirectory::candidate_header) + '\n' +
                                        RunDirectory::row("3", "96-rgb", "3-4-3-3-1 1", 0.83, 300000, 2200000, 37856,
                                                          1151424));
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
  directory.append("training.csv", quoted + ",0,0.5,0.5,0.001,0\n");
  directory.write("experiment.toml", "name = '''" + evil + "'''\n[device]\nname = '''" + evil + "'''\nram_kib = 256\n");
  directory.write("models/2.layers.csv",
                  "name,kind,in_height,in_width,in_channels,out_height,out_width,out_channels,parameters,"
                  "parameters_folded,macs,ram_bytes,flash_bytes\n" + quoted + ',' + quoted +
                      ",96,96,1,48,48,4,44,40,82944,18432,40\n");
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
  const std::filesystem::path file = directory.path() / "front.svg";
  write_front_svg(directory.path(), file);
  const std::string svg = read_file(file);
  BOOST_TEST(svg.starts_with("<svg xmlns="));
  BOOST_TEST(svg.ends_with("</svg>\n"));
  BOOST_TEST(count(svg, "<title>No. ") == 4u);
  BOOST_TEST(count(svg, "fill=\"none\" stroke=\"#a3460a\"") == 1u);  // 96 rgb, over its limits
  for (const char* text : {"64×64 rgb", "96×96 monochrome", "96×96 rgb", "over a limit", "STM32F446: 256\u202fKiB"})
    BOOST_TEST(has(svg, text));
}

BOOST_AUTO_TEST_CASE(assets_are_whole) {
  BOOST_TEST(report::asset("report.html").ends_with("</html>\n"));
  BOOST_TEST(report::asset("report.js").ends_with("})();\n"));
  BOOST_TEST(report::asset("chart.min.js").size() > 100000u);
  BOOST_TEST(report::asset("chart.min.js").find("</script") == std::string_view::npos);
  BOOST_TEST(report::asset("other").empty());
}

BOOST_AUTO_TEST_SUITE_END()
