// Help, versions, and every command once with input that is as it should be.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "base/build.hpp"
#include "base/file.hpp"
#include "tiny.hpp"

using namespace danas::test;

namespace {

const std::vector<std::string> commands = {"search", "check", "describe", "train",  "evaluate", "predict",
                                           "init",   "bench", "selftest", "report", "data"};

/// An uncompressed image of one color.
std::string bmp(int side, unsigned char red, unsigned char green, unsigned char blue) {
  std::string pixels;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x)
      pixels += {static_cast<char>(blue), static_cast<char>(green), static_cast<char>(red)};
    pixels.append((4 - side * 3 % 4) % 4, '\0');
  }
  const auto number = [](std::uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
    return text;
  };
  return "BM" + number(54 + pixels.size(), 4) + number(0, 4) + number(54, 4) + number(40, 4) + number(side, 4) +
         number(side, 4) + number(1, 2) + number(24, 2) + number(0, 4) + number(pixels.size(), 4) +
         std::string(16, '\0') + pixels;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(commands_that_work)

BOOST_AUTO_TEST_CASE(help_of_every_command_has_an_example) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const Outcome all = run({"--help"}, setting);
  BOOST_TEST(all.status == 0);
  for (const auto& command : commands) {
    BOOST_TEST(all.out.find("\n  " + command + " ") != std::string::npos, command << " is not listed");
    const Outcome one = run({command, "--help"}, setting);
    BOOST_TEST(one.status == 0);
    BOOST_TEST(one.err == "");
    BOOST_TEST(one.out.find("Example:\n  danas ") != std::string::npos, command << " has no example");
  }
}

BOOST_AUTO_TEST_CASE(version_is_one_line) {
  const Scratch scratch;
  const Outcome outcome = run({"--version"}, {scratch.path(), {}, 0});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.out == "danas " + danas::version_text() + "\n");
}

BOOST_AUTO_TEST_CASE(describe_gives_the_figures_of_the_method) {
  struct Row {
    std::string arch;
    long long parameters, folded, macs, ram;
  };
  const std::vector<Row> rows = {{"224,rgb,3-4-3-3-1,1.0", 2226434, 2209378, 299496832, 1505280},
                                 {"96,monochrome,2-2-0-0-0,0.3", 6098, 5606, 1456144, 69120},
                                 {"160,rgb,3-4-3-3-1,0.5", 582050, 573522, 42226880, 384000},
                                 {"128,monochrome,1-1-1-1-1,0.7", 122330, 119830, 8036608, 245760}};
  const Scratch scratch;
  for (const Row& row : rows) {
    const auto json = json_of(run({"describe", "--arch", row.arch, "--json"}, {scratch.path(), {}, 0}));
    BOOST_TEST(json.at("arch") == row.arch);
    BOOST_TEST(json.at("classes") == 2);
    BOOST_TEST(json.at("parameters") == row.parameters);
    BOOST_TEST(json.at("parameters_folded") == row.folded);
    BOOST_TEST(json.at("flash_bytes") == row.folded);
    BOOST_TEST(json.at("macs") == row.macs);
    BOOST_TEST(json.at("ram_bytes") == row.ram);
    long long parameters = 0, macs = 0, ram = 0;
    for (const auto& layer : json.at("layers")) {
      parameters += layer.at("parameters").get<long long>();
      macs += layer.at("macs").get<long long>();
      ram = std::max(ram, layer.at("ram_bytes").get<long long>());
    }
    BOOST_TEST(parameters == row.parameters);
    BOOST_TEST(macs == row.macs);
    BOOST_TEST(ram == row.ram);
  }
  const Outcome table = run({"describe", "--arch", rows[1].arch}, {scratch.path(), {}, 0});
  BOOST_TEST(table.status == 0);
  BOOST_TEST(table.out.find("1456144") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(published_sums_are_described) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const std::vector<std::string> arguments{"describe", "--arch", "224,rgb,2-2-3-3-0,0.8", "--json"};
  std::vector<std::string> published = arguments;
  published.insert(published.end(), {"--protocol", "published"});
  const auto own = json_of(run(arguments, setting)), theirs = json_of(run(published, setting));
  BOOST_TEST(theirs.at("ram_bytes") == 1'944'038);
  BOOST_TEST(theirs.at("flash_bytes") == 990'022);
  for (const char* same : {"parameters", "parameters_folded", "macs"}) BOOST_TEST(theirs.at(same) == own.at(same));
}

BOOST_AUTO_TEST_CASE(classes_change_the_head_alone) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto two = json_of(run({"describe", "--arch", "96,rgb,3-4-3-3-1,1.0", "--json"}, setting));
  const auto five = json_of(run({"describe", "--arch", "96,rgb,3-4-3-3-1,1.0", "--classes", "5", "--json"}, setting));
  BOOST_TEST(five.at("parameters").get<int>() - two.at("parameters").get<int>() == 3 * 1281);
}

BOOST_AUTO_TEST_CASE(selftest_passes_with_a_line_an_operation) {
  const Scratch scratch;
  const Outcome outcome = run({"selftest"}, {scratch.path(), {}, 0});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.out.find("FAILED") == std::string::npos);
  BOOST_TEST(std::count(outcome.out.begin(), outcome.out.end(), '\n') > 15);
}

// Its network is a candidate's of that protocol, and its file says so.
BOOST_AUTO_TEST_CASE(training_follows_the_switches) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment());
  const auto trained = json_of(run({"train", experiment, "--arch", tiny_system, "--set", "protocol=published",
                                    "--steps", "2", "--out", "one", "--json", "--quiet"},
                                   setting));
  const fs::path model = scratch / "one/model.safetensors";
  const std::string content = danas::read_file(model);
  for (const char* entry : {R"("width":"masked")", R"("residuals":"dropped")"})
    BOOST_TEST(content.find(entry) != std::string::npos, entry);
  const auto described =
      json_of(run({"describe", "--arch", tiny_system, "--protocol", "published", "--json"}, setting));
  BOOST_TEST(trained.at("ram_bytes") == described.at("ram_bytes"));
  const auto evaluated = json_of(run({"evaluate", experiment, "--model", model, "--json", "--quiet"}, setting));
  BOOST_TEST(evaluated.at("accuracy") == trained.at("test").at("accuracy"));
}

BOOST_AUTO_TEST_CASE(a_trained_model_evaluates_and_predicts) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment());
  const auto trained = json_of(
      run({"train", experiment, "--arch", tiny_system, "--steps", "2", "--out", "one", "--json", "--quiet"}, setting));
  const fs::path model = scratch / "one/model.safetensors";
  BOOST_TEST(fs::exists(model));
  BOOST_TEST(trained.at("validation").at("images") == 30);
  const auto evaluated = json_of(run({"evaluate", experiment, "--model", model, "--json", "--quiet"}, setting));
  for (const auto* key : {"accuracy", "precision", "recall", "f1", "images"}) {
    BOOST_TEST(evaluated.at(key) == trained.at("test").at(key), key);
  }
  const auto image = scratch.write("red image.bmp", bmp(40, 200, 10, 10));
  const auto predicted = json_of(run({"predict", model, image, image, "--json"}, setting));
  BOOST_TEST(predicted.at("predictions").size() == 2u);
  const auto& first = predicted.at("predictions").at(0);
  double sum = 0;
  for (const auto& probability : first.at("probabilities")) sum += probability.get<double>();
  BOOST_TEST(std::abs(sum - 1) < 1e-9);
  BOOST_TEST(first.at("probability") == first.at("probabilities").at(first.at("class").get<std::string>()));
  const Outcome mixed = run({"predict", model, "missing.png", image, "--json"}, setting);
  BOOST_TEST(mixed.status == 2);
  BOOST_TEST(mixed.err.find("missing.png") != std::string::npos);
  const auto rows = nlohmann::json::parse(mixed.out).at("predictions");
  BOOST_TEST(rows.at(0).contains("error"));
  BOOST_TEST(rows.at(1).contains("class"));  // the others are told all the same
  const Outcome text = run({"predict", model, image}, setting);
  BOOST_TEST(text.out.starts_with(image.string() + "  " + first.at("class").get<std::string>() + "  "));
}

BOOST_AUTO_TEST_CASE(data_writes_a_contact_sheet) {
  const Scratch scratch;
  const auto experiment = scratch.write("tiny.toml", tiny_experiment());
  const Outcome outcome = run({"data", experiment, "--preview", "sheet.png", "--quiet"}, {scratch.path(), {}, 0});
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(read(scratch / "sheet.png").starts_with("\x89PNG"));
  BOOST_TEST(outcome.out.find("120 images") != std::string::npos);
  check_error(run({"data", experiment, "--preview", "tiny.toml", "--quiet"}, {scratch.path(), {}, 0}), 2, ".png");
  BOOST_TEST(read(scratch / "tiny.toml") == tiny_experiment());  // not overwritten
}

BOOST_AUTO_TEST_CASE(a_training_larger_than_memory_is_refused_before_it_begins) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  const auto experiment = scratch.write("tiny.toml", tiny_experiment());
  const Outcome check = run({"check", experiment}, setting);
  BOOST_TEST(check.out.find(" MiB for the largest training (") != std::string::npos, check.out);
  const std::string batch = "supernet.batch=65536", resolution = "space.resolution=[512]";
  check_error(run({experiment, "--set", batch, "--set", resolution, "--out", "run", "--quiet"}, setting), 2,
              "MiB: lower its batch, or set engine.micro_batch, to at most ");
  const std::string system = "512,rgb,3-4-3-3-1,1.0";
  check_error(run({"train", experiment, "--arch", system, "--set", batch, "--out", "run", "--quiet"}, setting), 2,
              "MiB: lower its batch");
  BOOST_TEST(!fs::exists(scratch / "run"));
}

BOOST_AUTO_TEST_CASE(init_writes_an_experiment_that_checks) {
  const Scratch scratch;
  const Setting setting{scratch.path(), {}, 0};
  for (int i = 0; i < 20; ++i) {
    scratch.write("photos/red/" + std::to_string(i) + ".bmp", bmp(40 + i, 200, 10, i));
    scratch.write("photos/blue/" + std::to_string(i) + ".bmp", bmp(40 + i, 10, i, 200));
  }
  const Outcome outcome = run({"init", "photos"}, setting);
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.out.find("blue") != std::string::npos);
  const Outcome check =
      run({"check", "photos.toml", "--set", "space.resolution=[32]", "--set", "supernet.scheme=random"}, setting);
  BOOST_TEST(check.status == 0, check.err);
  for (const char* part : {"red", "supernets' slices", "have the multiply-adds of so many of the whole network"})
    BOOST_TEST(check.out.find(part) != std::string::npos, check.out);
  const std::string before = read(scratch / "photos.toml");
  check_error(run({"init", "photos"}, setting), 2, "photos.toml");  // never overwrites
  BOOST_TEST(read(scratch / "photos.toml") == before);
}

BOOST_AUTO_TEST_SUITE_END()
