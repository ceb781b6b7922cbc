// What `danas bench` tells; how fast anything is, no test says.
#include <boost/test/unit_test.hpp>

#include <set>

#include "process.hpp"

using namespace danas::test;

namespace {

const std::string arch = "32,monochrome,1-1-0-0-0,0.5";

nlohmann::json bench(std::vector<std::string> arguments) {
  const Scratch scratch;
  arguments.insert(arguments.begin(), "bench");
  arguments.insert(arguments.end(), {"--seconds", "0.05", "--threads", "1", "--json"});
  return json_of(run(arguments, {scratch.path(), {}, 0}));
}

void check_row(const nlohmann::json& row, std::size_t rounds) {
  for (const auto* key : {"images_per_second", "gflops", "peak_gflops", "share_of_peak", "gb_per_second",
                          "peak_gb_per_second", "peak_memory_mib", "arena_mib"})
    BOOST_TEST(row.at(key).get<double>() > 0, key);
  BOOST_TEST(row.at("threads") == 1);
  BOOST_TEST(row.at("device").get<std::string>() != "");
  BOOST_TEST(row.at("rounds").size() == rounds);
  for (const auto& round : row.at("rounds"))
    for (const auto* key : {"images_per_second", "peak_gflops", "share_of_peak", "peak_gb_per_second"})
      BOOST_TEST(round.at(key).get<double>() > 0, key);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bench_command)

BOOST_AUTO_TEST_CASE(measures_every_mode) {
  for (const std::string mode : {"train", "finetune", "eval"}) {
    const auto row = bench({"--arch", arch, "--batch", "4", "--mode", mode});
    check_row(row, 3);
    BOOST_TEST(row.at("arch") == arch);
    BOOST_TEST(row.at("mode") == mode);
    BOOST_TEST(row.at("batch") == 4);
    BOOST_TEST(row.at("command") ==
               "danas bench --arch " + arch + " --batch 4 --mode " + mode + " --threads 1 --seconds 0.05 --rounds 3");
  }
}

BOOST_AUTO_TEST_CASE(measures_the_images_way) {
  for (const std::string mode : {"load", "decode"}) {
    const auto row = bench({"--arch", arch, "--batch", "4", "--mode", mode});
    BOOST_TEST(row.at("mode") == mode);
    BOOST_TEST(row.at("images_per_second").get<double>() > 0);
    BOOST_TEST(row.at("images_per_second_of_a_thread") == row.at("images_per_second"));
  }
}

// Useful work is that of `describe`, whatever is measured.
BOOST_AUTO_TEST_CASE(work_follows_from_the_multiply_adds) {
  const Scratch scratch;
  const auto described = json_of(run({"describe", "--arch", arch, "--json"}, {scratch.path(), {}, 0}));
  const double macs = described.at("macs").get<double>();
  for (const auto& [mode, operations] : {std::pair{"train", 6.0}, std::pair{"finetune", 6.0}, std::pair{"eval", 2.0}}) {
    const auto row = bench({"--arch", arch, "--mode", mode, "--rounds", "2"});
    check_row(row, 2);
    const double wanted = 1e-9 * operations * macs * row.at("images_per_second").get<double>();
    BOOST_TEST(row.at("gflops").get<double>() == wanted, boost::test_tools::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(layers_tell_what_a_step_is_made_of) {
  const auto row = bench({"--arch", arch, "--batch", "4", "--layers"});
  std::set<std::string> layers, operations;
  double sum = 0;
  for (const auto& each : row.at("operations")) {
    layers.insert(each.at("layer").get<std::string>());
    operations.insert(each.at("operation").get<std::string>());
    sum += each.at("milliseconds").get<double>();
    for (const auto* key : {"milliseconds", "gb_per_second", "share_of_bandwidth"})
      BOOST_TEST(each.at(key).get<double>() > 0, key);
    for (const auto* key : {"gflops", "share_of_peak"}) BOOST_TEST(each.at(key).get<double>() >= 0, key);
    const std::string bound = each.at("bound");
    BOOST_TEST((bound == "memory" || bound == "arithmetic"), bound);
  }
  // Without a layer: what concerns all weights together.
  const std::set<std::string> wanted{"",         "stem",     "blocks.0", "blocks.1", "blocks.2",
                                     "blocks.3", "blocks.6", "heads.2",  "heads.3",  "heads.4"};
  BOOST_TEST(layers == wanted, boost::test_tools::per_element());
  for (const auto* name : {"bottleneck_training", "bottleneck_backward", "adam_step", "matmul_backward_filter"})
    BOOST_TEST(operations.contains(name), name);
  BOOST_TEST(row.at("operations_milliseconds").get<double>() == sum, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(row.at("step_milliseconds").get<double>() >= sum);

  const auto evaluated = bench({"--arch", arch, "--mode", "eval", "--layers"});
  for (const auto& each : evaluated.at("operations")) BOOST_TEST(each.at("layer") != "");
  BOOST_TEST(!bench({"--arch", arch}).contains("operations"));
}

BOOST_AUTO_TEST_CASE(a_suite_has_a_row_for_each_that_is_asked_for) {
  const auto rows = bench({"--suite", "32,monochrome", "--rounds", "1"}).at("rows");
  BOOST_TEST_REQUIRE(rows.size() == 2u);
  for (const auto& row : rows) {
    check_row(row, 1);
    BOOST_TEST(row.at("arch") == "32,monochrome,3-4-3-3-1,1.0");
    BOOST_TEST(row.at("batch") == 128);
  }
  BOOST_TEST(rows.at(0).at("mode") == "train");
  BOOST_TEST(rows.at(1).at("mode") == "eval");
  const auto stacks = bench({"--suite", "32x3r-64x5s --batch 8 --mode train", "--rounds", "1"}).at("rows");
  BOOST_TEST_REQUIRE(stacks.size() == 1u);
  check_row(stacks[0], 1);
  BOOST_TEST(stacks[0].at("arch") == "112,rgb,32x3r-64x5s");
}

BOOST_AUTO_TEST_CASE(text_has_a_line_a_row_and_its_command) {
  const Scratch scratch;
  const Outcome suite =
      run({"bench", "--suite", "32,monochrome", "--seconds", "0.01", "--rounds", "1", "--threads", "1"},
          {scratch.path(), {}, 0});
  BOOST_TEST(suite.status == 0, suite.err);
  for (const auto* row : {"\n--arch 32,monochrome,3-4-3-3-1,1.0 --batch 128 --mode train ",
                          "\n--arch 32,monochrome,3-4-3-3-1,1.0 --batch 128 --mode eval ",
                          "\nA row by itself: danas bench ROW --threads 1 --seconds 0.01 --rounds 1\n"})
    BOOST_TEST(suite.out.find(row) != std::string::npos, suite.out);
  const Outcome layers = run({"bench", "--arch", arch, "--seconds", "0.05", "--layers"}, {scratch.path(), {}, 0});
  BOOST_TEST(layers.status == 0, layers.err);
  for (const auto* part : {"\n  speed   ", "\nblocks.1   bottleneck_backward ", " all operations ", " between them "})
    BOOST_TEST(layers.out.find(part) != std::string::npos, layers.out);
}

BOOST_AUTO_TEST_CASE(memory_that_there_is_not_ends_in_one_line) {
  const Scratch scratch;
  check_error(run({"bench", "--arch", "512,rgb,3-4-3-3-1,1.0", "--batch", "65536"}, {scratch.path(), {}, 0}), 1,
              "[memory]");
}

// A GPU that is not there: whatever is told says that it is a model.
BOOST_AUTO_TEST_CASE(a_modeled_machine_is_called_a_model) {
  const Scratch scratch;
  const auto model = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "bench");
    return run(arguments, {scratch.path(), {}, 0});
  };
  const auto suite = json_of(model({"--suite", "96,rgb", "--machine", "h100", "--precision", "bf16", "--json"}));
  BOOST_TEST(suite.at("kind") == "model, not measurement");
  BOOST_TEST(suite.at("rows").size() == 2u);
  for (const auto& row : suite.at("rows")) {
    BOOST_TEST(row.at("kind") == "model, not measurement");
    BOOST_TEST(row.at("precision") == "bf16");
    for (const auto* key :
         {"modeled_images_per_second", "modeled_images_per_second_without_graph", "launches", "bytes"})
      BOOST_TEST(row.at(key).get<double>() > 0, key);
    BOOST_TEST(!row.contains("images_per_second"));
    BOOST_TEST(row.at("times_the_floor").get<double>() >= 1);
  }
  const auto row = json_of(model({"--arch", arch, "--machine", "v100", "--json"}));
  double milliseconds = 0;
  for (const auto& kernel : row.at("kernels")) milliseconds += kernel.at("modeled_milliseconds").get<double>();
  const double modeled = row.at("modeled_images_per_second");
  BOOST_TEST(32 / milliseconds * 1e3 == modeled, boost::test_tools::tolerance(1e-9));
  const Outcome text = model({"--arch", arch, "--machine", "v100", "--precision", "f16"});
  for (const auto* part : {"model, not measurement: V100", "\nmodel, not measurement  ",
                           "\nmodel, not measurement, by kernel", "NVIDIA Tesla V100", "assumed"})
    BOOST_TEST(text.out.find(part) != std::string::npos, text.out);
  check_error(model({"--machine", "v100", "--precision", "bf16"}), 2, "[--precision]");
  check_error(model({"--machine", "v100", "--mode", "load"}), 2, "[--machine]");
}

BOOST_AUTO_TEST_CASE(a_modeled_search_is_called_a_model) {
  const Scratch scratch;
  const std::string quick = std::string(std::getenv("DANAS_SOURCE")) + "/experiments/quick.toml";
  const Outcome text = run({"check", quick, "--machine", "h100", "--precision", "f16"}, {scratch.path(), {}, 0});
  BOOST_TEST(text.status == 0, text.err);
  for (const auto* part : {"\nmodel, not measurement: H100", "\nmodel, not measurement      compute ", "\n4 supernets ",
                           "\n60 candidates ", "\nsum ", "\nwithout graphs ", "\nmodel, not measurement, by kernel\n",
                           "14 cores", "PCIe 63.0 GB/s", "6 sets of images, 0.1 GiB of 37.2 GiB for them"})
    BOOST_TEST(text.out.find(part) != std::string::npos, text.out);
  BOOST_TEST(text.out.find("measured on") == std::string::npos, text.out);
  const Outcome slices =
      run({"check", quick, "--machine", "h100", "--set", "supernet.scheme=sandwich"}, {scratch.path(), {}, 0});
  BOOST_TEST(slices.status == 0, slices.err);
  BOOST_TEST(slices.out.find("\n4 supernets ") != std::string::npos, slices.out);
}

BOOST_AUTO_TEST_SUITE_END()
