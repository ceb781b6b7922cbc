// What reaches terminals, scripts and other programs: whatever files are called, and whatever is wrong.
#include <sys/stat.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "base/utf8.hpp"
#include "tiny.hpp"

using namespace danas::test;

namespace {

/// Control sequences, a line end and a byte that is no UTF-8.
const std::string hostile = "a\x1b[31m\u009b2J\n\x07\xff";

/// Lines of printable text.
void check_printable(const std::string& text) {
  std::string one_line = text;
  std::replace(one_line.begin(), one_line.end(), '\n', ' ');
  BOOST_TEST(danas::is_printable_utf8(one_line), danas::printable(text));
}

/// A gray BMP of one color.
std::string bitmap(int side, unsigned char gray) {
  const std::uint32_t row = static_cast<std::uint32_t>(side * 3 + 3) / 4 * 4, size = 54 + row * side;
  std::string file(size, static_cast<char>(gray));
  const auto put = [&](std::size_t at, std::uint32_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) file[at + i] = static_cast<char>(value >> 8 * i);
  };
  file.replace(0, 54, std::string(54, '\0'));
  file.replace(0, 2, "BM");
  put(2, size, 4), put(10, 54, 4), put(14, 40, 4), put(18, side, 4), put(22, side, 4), put(26, 1, 2), put(28, 24, 2);
  return file;
}

/// Class folders of 12 pictures a class; one of them has a name like nothing else and is broken.
std::string folders_experiment(const Scratch& scratch) {
  for (const std::string name : {"cat", "dog"})
    for (int i = 0; i < 12; ++i)
      scratch.write("photos/" + name + "/" + std::to_string(i) + ".bmp",
                    bitmap(40, static_cast<unsigned char>(9 * i + (name == "cat" ? 0 : 5))));
  scratch.write("photos/cat/" + hostile + ".bmp", "no picture");
  std::string text = tiny_experiment();
  const std::string synthetic = "kind = \"synthetic\"\nimages = 120\nsize = 48\n";
  return text.replace(text.find(synthetic), synthetic.size(), "kind = \"folders\"\npath = \"photos\"\n");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(output)

BOOST_AUTO_TEST_CASE(predictions_of_hostile_names) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto model = train_model(setting, scratch.write("tiny.toml", tiny_experiment()), "one").string();
  scratch.write(hostile + ".bmp", bitmap(40, 100));
  const std::vector<std::string> images = {hostile + ".bmp", hostile + "-missing.bmp"};
  const Outcome text = run({"predict", model, images[0], images[1]}, setting);
  BOOST_TEST(text.status == 2);
  BOOST_TEST(std::count(text.out.begin(), text.out.end(), '\n') == 1);
  check_printable(text.out);
  check_printable(text.err);
  const Outcome json = run({"predict", "--json", model, images[0], images[1]}, setting);
  const auto rows = nlohmann::json::parse(json.out).at("predictions");
  const std::string seen = "a\x1b[31m\u009b2J\n\x07\uFFFD";
  BOOST_TEST(rows.at(0).at("image").get<std::string>() == seen + ".bmp");
  BOOST_TEST(rows.at(1).at("image").get<std::string>() == seen + "-missing.bmp");
  BOOST_TEST(rows.at(1).contains("error"));
}

BOOST_AUTO_TEST_CASE(hostile_names_in_data) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("photos.toml", folders_experiment(scratch)).string();
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"check", experiment},
                                                    {"data", experiment},
                                                    {"init", "photos", "--out", "new.toml"},
                                                    {experiment, "--out", "run"},
                                                    {"report", "run", "-o", "report.html"}})
    BOOST_TEST_CONTEXT(arguments[0]) {
      const Outcome outcome = run(arguments, setting);
      BOOST_TEST(outcome.status == 0, outcome.err);
      check_printable(outcome.out);
      check_printable(outcome.err);
    }
  check_printable(read(scratch / "run/log.txt"));
  BOOST_TEST(read(scratch / "run/log.txt").find("2J\\n") != std::string::npos);  // it is named
  BOOST_TEST(nlohmann::json::accept(read(scratch / "run/summary.json")));
  check_printable(read(scratch / "run/report.html"));

  fs::rename(scratch / "run", scratch / ("run" + hostile));
  const Outcome report = run({"report", "run" + hostile, "-o", "named.html", "--figures", "figures"}, setting);
  BOOST_TEST(report.status == 0, report.err);
  check_printable(report.out);
  const std::string page = read(scratch / "named.html");
  BOOST_TEST(danas::valid_utf8(page) == page);
}

BOOST_AUTO_TEST_CASE(figures_of_runs_of_one_name) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  const std::vector<std::string> runs = {"a/same", "b/same", "c/same-2"};
  for (std::size_t i = 0; i < runs.size(); ++i)
    BOOST_TEST_REQUIRE(
        run({experiment, "--out", runs[i], "--set", "seed=" + std::to_string(i + 1), "--quiet"}, setting).status == 0);
  const Outcome outcome = run({"report", runs[0], runs[1] + "/", runs[2], "--figures", "figures"}, setting);
  BOOST_TEST(outcome.status == 0, outcome.err);
  const auto figures = snapshot(scratch / "figures");
  for (const std::string ending : {".svg", ".pdf", ".csv"}) BOOST_TEST(figures.contains("front-same-2-2" + ending));
  for (const std::string name : {"front-same.svg", "front-same-2.svg", "front-same-2-2.svg"}) {
    BOOST_TEST(figures.contains(name), name);
    BOOST_TEST(outcome.out.find(name) != std::string::npos);
  }
  BOOST_TEST(figures.at("front-same.svg") != figures.at("front-same-2.svg"));
}

BOOST_AUTO_TEST_CASE(a_printed_next_command_works, *boost::unit_test::label("slow")) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  folders_experiment(scratch);
  fs::remove(scratch / ("photos/cat/" + hostile + ".bmp"));
  fs::rename(scratch / "photos", scratch / "-my photos");
  const auto next_of = [](const std::string& out) {
    const std::string mark = "next: danas check ";
    const std::size_t at = out.find(mark);
    return at == out.npos ? "" : out.substr(at + mark.size(), out.find('\n', at) - at - mark.size());
  };
  const Outcome first = run({"init", "./-my photos"}, setting);
  BOOST_TEST(next_of(first.out) == "./-my-photos.toml");
  BOOST_TEST(run({"check", "./-my-photos.toml"}, setting).status == 0);
  const Outcome second = run({"init", "./-my photos", "--out", "it's new.toml"}, setting);
  BOOST_TEST(next_of(second.out) == "'it'\\''s new.toml'");
}

BOOST_AUTO_TEST_CASE(long_texts_are_shortened) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const std::string name(100000, 'x');
  scratch.write("long.toml", "name = \"" + name + "\"\n[data]\nkind = \"synthetic\"\n");
  // clang-format off
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{name}, {"check", name}, {"check", "long.toml"}, {"describe", "--arch", name},
        {"check", "long.toml", "--set", name + "=1"}, {"predict", name, name}, {"bench", "--" + name}}) {
    // clang-format on
    const Outcome outcome = run(arguments, setting);
    check_error(outcome, 2, "xx");
    BOOST_TEST(outcome.err.size() < 2000);
  }
}

BOOST_AUTO_TEST_CASE(pipes_and_devices_are_refused, *boost::unit_test::timeout(120)) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment()).string();
  BOOST_REQUIRE_EQUAL(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  for (const auto& [file, kind] : {std::pair("pipe", "a pipe"), std::pair("/dev/zero", "a device")})
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"check", file},
                                                      {"predict", file, "image.jpg"},
                                                      {"evaluate", experiment, "--model", file}})
      check_error(run(arguments, setting), 2, std::string(file) + "] expected a regular file, got " + kind);
}

BOOST_AUTO_TEST_CASE(no_more_threads_is_told_as_that) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0, std::size_t{1} << 46};  // a half of what can be addressed
  check_error(run({"selftest", "--threads", "8"}, setting), 1, "[threads] expected 8 threads, got ");
}

BOOST_AUTO_TEST_SUITE_END()
