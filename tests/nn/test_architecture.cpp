#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "base/error.hpp"
#include "nn/architecture.hpp"

using namespace danas;

namespace {

struct Figures { long long parameters = 0, folded = 0, macs = 0, ram = 0; };

Figures figures(const NetworkShape& shape) {
  Figures sum;
  for (const Layer& layer : layers(shape)) {
    const long long in = 1LL * layer.in_height * layer.in_width * layer.in_channels;
    const long long out = 1LL * layer.out_height * layer.out_width * layer.out_channels;
    sum.parameters += layer.parameters;
    sum.folded += layer.parameters_folded;
    sum.macs += layer.macs;
    sum.ram = std::max(sum.ram, in + out + layer.kept);
  }
  return sum;
}

// With moving means and variances, as Keras counts: two more values a normalized channel.
long long keras_parameters(const NetworkShape& shape, bool with_top) {
  long long total = 0;
  for (const Layer& layer : layers(shape)) {
    if (layer.kind == "dense" && !with_top) continue;
    total += layer.parameters + 2 * (layer.parameters - layer.parameters_folded);
  }
  return total;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(architecture)

BOOST_AUTO_TEST_CASE(figures_of_systems) {
  struct Case { const char* system; Figures figures; };
  const Case cases[] = {
      {"224,rgb,3-4-3-3-1,1.0", {2226434, 2209378, 299496832, 1505280}},
      {"96,monochrome,2-2-0-0-0,0.3", {6098, 5606, 1456144, 69120}},
      {"160,rgb,3-4-3-3-1,0.5", {582050, 573522, 42226880, 384000}},
      {"128,monochrome,1-1-1-1-1,0.7", {122330, 119830, 8036608, 245760}},
  };
  for (const Case& each : cases) {
    const System system = parse_system(each.system);
    BOOST_TEST(system.text() == each.system);
    const Figures got = figures(system_shape(system, 2));
    BOOST_TEST(got.parameters == each.figures.parameters, each.system);
    BOOST_TEST(got.folded == each.figures.folded, each.system);
    BOOST_TEST(got.macs == each.figures.macs, each.system);
    BOOST_TEST(got.ram == each.figures.ram, each.system);
  }
}

BOOST_AUTO_TEST_CASE(keras_totals) {
  BOOST_TEST(keras_parameters(full_shape(224, 3, 1.0, 1000), false) == 2257984);
  BOOST_TEST(keras_parameters(full_shape(224, 3, 1.0, 1000), true) == 3538984);
  BOOST_TEST(keras_parameters(full_shape(96, 1, 0.33, 2), true) == 399522);
  std::vector<int> outputs;
  for (const BlockShape& block : full_shape(96, 1, 0.33, 2).blocks) {
    if (outputs.size() < static_cast<std::size_t>(block.stage)) outputs.push_back(block.out);
  }
  const std::vector<int> wanted{8, 8, 16, 24, 32, 56, 104};
  BOOST_TEST(outputs == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(share_of_systems_that_fit) {
  struct Device { long long ram, flash; double percent; };
  const Device devices[] = {{512, 2048, 77.8}, {320, 1024, 61.2}, {256, 1024, 55.4}};
  int fits[3] = {}, systems = 0;
  for (const int resolution : {32, 64, 96, 128, 160, 192, 224}) {
    for (const Color color : {Color::monochrome, Color::rgb}) {
      const NetworkShape full = supernet_shape({resolution, color}, full_depth, 2);
      for (int code = 0; code < 4 * 5 * 4 * 4 * 2; ++code) {
        Architecture architecture;
        architecture.depth = {code % 4, code / 4 % 5, code / 20 % 4, code / 80 % 4, code / 320};
        const auto end = std::find(architecture.depth.begin(), architecture.depth.end(), 0);
        if (std::any_of(end, architecture.depth.end(), [](int blocks) { return blocks > 0; })) {
          BOOST_CHECK_THROW(slice_shape(full, architecture), Error);
          continue;
        }
        for (int width = 1; width <= 10; ++width, ++systems) {
          architecture.width = width / 10.0;
          const Figures got = figures(slice_shape(full, architecture));
          for (int d = 0; d < 3; ++d) fits[d] += got.ram <= devices[d].ram * 1024 && got.folded <= devices[d].flash * 1024;
        }
      }
    }
  }
  BOOST_TEST(systems == 37520);
  for (int d = 0; d < 3; ++d) BOOST_TEST(std::abs(100.0 * fits[d] / systems - devices[d].percent) < 0.05);
}

BOOST_AUTO_TEST_CASE(slices) {
  struct Case { int channels; double width; int kept; };
  const Case cases[] = {{32, 1.0, 32}, {32, 0.5, 16}, {8, 0.3, 4}, {16, 0.3, 8}, {24, 0.1, 4}, {20, 0.3, 8},
                        {1280, 0.3, 384}, {56, 0.7, 40}, {104, 0.9, 92}, {8, 0.9, 8}, {8, 0.1, 4}};
  for (const Case& each : cases) BOOST_TEST(slice_channels(each.channels, each.width) == each.kept);

  // Blocks leave from the end of a stage; a removed stage takes the last convolution along.
  const NetworkShape full = supernet_shape({96, Color::rgb}, full_depth, 2);
  std::vector<int> indices;
  const NetworkShape slice = slice_shape(full, {{1, 2, 0, 0, 0}, 0.5});
  for (const BlockShape& block : slice.blocks) indices.push_back(block.index);
  const std::vector<int> wanted{0, 1, 2, 3, 6, 7};
  BOOST_TEST(indices == wanted, boost::test_tools::per_element());
  BOOST_TEST(slice.last == 0);
  BOOST_TEST(slice.exit_stage() == 4);
  BOOST_TEST(slice.features() == 32);
  for (const NetworkShape& shape : {full, supernet_shape({96, Color::monochrome}, full_depth, 2), slice}) {
    int stage = 0;
    for (const BlockShape& block : shape.blocks) {
      BOOST_TEST(block.residual == (block.stride == 1 && block.stage == stage));
      BOOST_TEST(block.expanded == (block.index == 0 ? block.in : 6 * block.in));
      stage = block.stage;
    }
  }
  BOOST_TEST(slice_shape(full, {}).blocks.size() == 17u);
}

BOOST_AUTO_TEST_CASE(supernets_of_fewer_blocks) {
  for (const Color color : {Color::monochrome, Color::rgb}) {
    const NetworkShape full = supernet_shape({96, color}, full_depth, 2);
    BOOST_TEST(full.last == 1280);
    const NetworkShape capped = supernet_shape({96, color}, {2, 1, 1, 0, 0}, 2);
    BOOST_TEST(capped.exit_stage() == 5);
    BOOST_TEST(capped.last == 0);
    for (const BlockShape& block : capped.blocks) {
      BOOST_TEST(block.in == full.blocks[static_cast<std::size_t>(block.index)].in);
      BOOST_TEST(block.expanded == full.blocks[static_cast<std::size_t>(block.index)].expanded);
      BOOST_TEST(block.out == full.blocks[static_cast<std::size_t>(block.index)].out);
    }
    for (const Architecture& architecture : {Architecture{{2, 1, 1, 0, 0}, 0.3}, Architecture{{1, 0, 0, 0, 0}, 0.7}}) {
      const Figures of_capped = figures(slice_shape(capped, architecture));
      const Figures of_full = figures(slice_shape(full, architecture));
      BOOST_TEST(of_capped.parameters == of_full.parameters);
      BOOST_TEST(of_capped.macs == of_full.macs);
    }
    BOOST_CHECK_EXCEPTION(slice_shape(capped, {{3, 1, 1, 0, 0}, 0.3}), Error, [](const Error& error) {
      return std::string(error.what()).find("at most the depths 2-1-1-0-0, got 3-1-1-0-0") != std::string::npos;
    });
    BOOST_CHECK_THROW(slice_shape(capped, {{2, 1, 1, 1, 0}, 0.3}), Error);
  }
}

BOOST_AUTO_TEST_CASE(layer_table) {
  const std::vector<Layer> table = layers(supernet_shape({97, Color::rgb}, full_depth, 5));
  BOOST_TEST(table.size() == 1 + 2 + 16 * 3 + 3u);
  for (std::size_t i = 1; i < table.size(); ++i) {
    BOOST_TEST(table[i].in_height == table[i - 1].out_height);
    BOOST_TEST(table[i].in_channels == table[i - 1].out_channels);
  }
  BOOST_TEST(table.front().out_height == 49);  // an odd side is rounded up
  BOOST_TEST(table.back().name == "heads.7");
  BOOST_TEST(table.back().out_channels == 5);
  const auto kept = [&](const char* name) {
    return std::find_if(table.begin(), table.end(), [&](const Layer& layer) { return layer.name == name; })->kept;
  };
  BOOST_TEST(kept("blocks.2.expand") == 0);  // its own input already
  BOOST_TEST(kept("blocks.2.depthwise") == 25 * 25 * 24);
  BOOST_TEST(kept("blocks.2.project") == 25 * 25 * 24);
  BOOST_TEST(kept("blocks.1.project") == 0);
}

BOOST_AUTO_TEST_CASE(names) {
  const System system = parse_system("32,rgb,3-0-0-0-0,0.25");
  BOOST_TEST(system.architecture.text() == "3-0-0-0-0 0.25");
  BOOST_TEST(system.data.text() == "32-rgb");
  BOOST_TEST((parse_color("monochrome") == Color::monochrome));
  BOOST_CHECK_THROW(parse_color("gray"), Error);
  for (const char* junk : {"", ",", "96", "96,monochrome", "96,monochrome,2-2-0-0-0", "96,monochrome,2-2-0-0-0,",
                           "96,monochrome,2-2-0-0-0,0.30", "96,monochrome,2-2-0-0-0,.3", "96,monochrome,2-2-0-0-0,0.3 ",
                           " 96,monochrome,2-2-0-0-0,0.3", "96,mono,2-2-0-0-0,0.3", "96,monochrome,2-2-0-0,0.3",
                           "96,monochrome,2-2-0-0-0-0,0.3", "96,monochrome,4-2-0-0-0,0.3", "96,monochrome,2--2-0-0-0,0.3",
                           "96,monochrome,0-2-0-0-0,0.3", "96,monochrome,2-2-0-0-0,0", "96,monochrome,2-2-0-0-0,1.1",
                           "96,monochrome,2-2-0-0-0,nan", "96,monochrome,2-2-0-0-0,-0.5", "096,monochrome,2-2-0-0-0,0.3",
                           "0,monochrome,2-2-0-0-0,0.3", "-96,rgb,2-2-0-0-0,0.3", "99999999999,rgb,2-2-0-0-0,0.3",
                           "96,monochrome,2-2-0-0-0,3e-1", "96-monochrome,2-2-0-0-0,0.3", "96,rgb,2-2-0-0-0 0.3"}) {
    BOOST_CHECK_THROW(parse_system(junk), Error);
  }
  BOOST_CHECK_THROW(parse_system("96,rgb,2-2-0-0-0,1"), Error);
  BOOST_TEST((read_system("96,rgb,2-2-0-0-0,1") == parse_system("96,rgb,2-2-0-0-0,1.0")));
}

BOOST_AUTO_TEST_SUITE_END()
