#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "base/error.hpp"
#include "nn/mobilenet_v2.hpp"

using namespace danas;

namespace {

struct Figures {
  long long parameters = 0, folded = 0, macs = 0, ram = 0;
};

Figures figures(const LayerList& layers) {
  Figures sum;
  for (const Layer& layer : layer_table(layers)) {
    sum.parameters += layer.parameters;
    sum.folded += layer.parameters_folded;
    sum.macs += layer.macs;
    sum.ram = std::max<long long>(sum.ram, layer.in.elements() + layer.out.elements() + layer.kept);
  }
  return sum;
}

// With moving means and variances, as Keras counts: two more values a normalized channel.
long long keras_parameters(const LayerList& layers, bool with_top) {
  long long total = 0;
  for (const Layer& layer : layer_table(layers)) {
    if (layer.kind == "dense" && !with_top) continue;
    total += layer.parameters + 2 * (layer.parameters - layer.parameters_folded);
  }
  return total;
}

LayerList blocks_of(const LayerList& layers) {
  LayerList blocks;
  for (const LayerSpec& layer : layers)
    if (layer.kind == LayerKind::inverted_bottleneck) blocks.push_back(layer);
  return blocks;
}

bool has_last(const LayerList& layers) {
  return std::any_of(layers.begin(), layers.end(), [](const LayerSpec& layer) { return layer.name == "last"; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(architecture)

BOOST_AUTO_TEST_CASE(figures_of_systems) {
  struct Case {
    Extent input;
    Slice slice;
    Figures figures;
  };
  const Case cases[] = {
      {{224, 224, 3}, {full_depth, 1.0}, {2226434, 2209378, 299496832, 1505280}},
      {{96, 96, 1}, {{2, 2, 0, 0, 0}, 0.3}, {6098, 5606, 1456144, 69120}},
      {{160, 160, 3}, {full_depth, 0.5}, {582050, 573522, 42226880, 384000}},
      {{128, 128, 1}, {{1, 1, 1, 1, 1}, 0.7}, {122330, 119830, 8036608, 245760}},
  };
  for (const Case& each : cases) {
    const Figures got = figures(slice_layers(each.input, each.slice, 2));
    BOOST_TEST(got.parameters == each.figures.parameters, each.slice.text());
    BOOST_TEST(got.folded == each.figures.folded, each.slice.text());
    BOOST_TEST(got.macs == each.figures.macs, each.slice.text());
    BOOST_TEST(got.ram == each.figures.ram, each.slice.text());
  }
}

BOOST_AUTO_TEST_CASE(keras_totals) {
  BOOST_TEST(keras_parameters(mobilenet_v2({224, 224, 3}, 1.0, 1000), false) == 2257984);
  BOOST_TEST(keras_parameters(mobilenet_v2({224, 224, 3}, 1.0, 1000), true) == 3538984);
  BOOST_TEST(keras_parameters(mobilenet_v2({96, 96, 1}, 0.33, 2), true) == 399522);
  std::vector<int> outputs;
  for (const LayerSpec& layer : blocks_of(mobilenet_v2({96, 96, 1}, 0.33, 2)))
    if (outputs.size() < static_cast<std::size_t>(layer.stage)) outputs.push_back(layer.out.channels);
  const std::vector<int> wanted{8, 8, 16, 24, 32, 56, 104};
  BOOST_TEST(outputs == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(share_of_systems_that_fit) {
  struct Device {
    long long ram, flash;
    double percent;
  };
  const Device devices[] = {{512, 2048, 77.8}, {320, 1024, 61.2}, {256, 1024, 55.4}};
  int fits[3] = {}, systems = 0;
  for (const int resolution : {32, 64, 96, 128, 160, 192, 224}) {
    for (const int channels : {1, 3}) {
      const LayerList full = supernet_layers({resolution, resolution, channels}, full_depth, 2);
      for (int code = 0; code < 4 * 5 * 4 * 4 * 2; ++code) {
        Slice architecture;
        architecture.depth = {code % 4, code / 4 % 5, code / 20 % 4, code / 80 % 4, code / 320};
        const auto end = std::find(architecture.depth.begin(), architecture.depth.end(), 0);
        if (std::any_of(end, architecture.depth.end(), [](int blocks) { return blocks > 0; })) {
          BOOST_CHECK_THROW(slice_layers(full, architecture), Error);
          continue;
        }
        for (int width = 1; width <= 10; ++width, ++systems) {
          architecture.width = width / 10.0;
          const Figures got = figures(slice_layers(full, architecture));
          for (int d = 0; d < 3; ++d)
            fits[d] += got.ram <= devices[d].ram * 1024 && got.folded <= devices[d].flash * 1024;
        }
      }
    }
  }
  BOOST_TEST(systems == 37520);
  for (int d = 0; d < 3; ++d) BOOST_TEST(std::abs(100.0 * fits[d] / systems - devices[d].percent) < 0.05);
}

BOOST_AUTO_TEST_CASE(slices) {
  struct Case {
    int channels;
    double width;
    int kept;
  };
  const Case cases[] = {{32, 1.0, 32},    {32, 0.5, 16}, {8, 0.3, 4},    {16, 0.3, 8}, {24, 0.1, 4}, {20, 0.3, 8},
                        {1280, 0.3, 384}, {56, 0.7, 40}, {104, 0.9, 92}, {8, 0.9, 8},  {8, 0.1, 4}};
  for (const Case& each : cases) BOOST_TEST(slice_channels(each.channels, each.width) == each.kept);

  // Blocks leave from the end of a stage; a removed stage takes the last convolution along.
  const LayerList full = supernet_layers({96, 96, 3}, full_depth, 2);
  const LayerList slice = slice_layers(full, {{1, 2, 0, 0, 0}, 0.5});
  std::vector<std::string> names;
  for (const LayerSpec& layer : slice) names.push_back(layer.name);
  const std::vector<std::string> wanted{"stem",     "blocks.0", "blocks.1", "blocks.2",
                                        "blocks.3", "blocks.6", "blocks.7", "heads.4"};
  BOOST_TEST(names == wanted, boost::test_tools::per_element());
  BOOST_TEST(slice.back().stage == 4);
  BOOST_TEST(slice.back().in.channels == 32);
  for (const LayerList& layers : {full, supernet_layers({96, 96, 1}, full_depth, 2), slice}) {
    int stage = 0;
    for (const LayerSpec& block : blocks_of(layers)) {
      BOOST_TEST(block.residual == (block.geometry.stride == 1 && block.stage == stage));
      BOOST_TEST(block.expanded == (block.name == "blocks.0" ? 1 : 6) * block.in.channels);
      BOOST_TEST(block.expands() == (block.name != "blocks.0"));
      stage = block.stage;
    }
    for (std::size_t i = 1; i < layers.size(); ++i) {
      const bool branch = is_branch(layers, i - 1);
      BOOST_TEST((layers[i].in == (branch ? layers[i - 1].in : layers[i - 1].out)), layers[i].name);
    }
  }
  BOOST_TEST(blocks_of(slice_layers(full, {})).size() == 17u);
}

// Where the exits of a supernet are: after the last block of stage 2 and of each later one, the last convolution included.
BOOST_AUTO_TEST_CASE(exits) {
  const LayerList layers = supernet_layers({96, 96, 3}, full_depth, 2);
  std::vector<std::string> heads;
  for (std::size_t i = 0; i < layers.size(); ++i)
    if (layers[i].kind == LayerKind::head) heads.push_back(layers[i].name + " after " + layers[i - 1].name);
  const std::vector<std::string> wanted{"heads.2 after blocks.2",  "heads.3 after blocks.5",  "heads.4 after blocks.9",
                                        "heads.5 after blocks.12", "heads.6 after blocks.15", "heads.7 after last"};
  BOOST_TEST(heads == wanted, boost::test_tools::per_element());
  BOOST_TEST(!is_branch(layers, layers.size() - 1));
  BOOST_TEST((slice_layers(layers, {}) == mobilenet_v2({96, 96, 3}, 1.0, 2)));
}

BOOST_AUTO_TEST_CASE(supernets_of_fewer_blocks) {
  for (const int channels : {1, 3}) {
    const LayerList full = supernet_layers({96, 96, channels}, full_depth, 2);
    BOOST_TEST(full.back().in.channels == 1280);
    const LayerList capped = supernet_layers({96, 96, channels}, {2, 1, 1, 0, 0}, 2);
    BOOST_TEST(capped.back().stage == 5);
    BOOST_TEST(!has_last(capped));
    BOOST_TEST(has_last(full));
    for (const LayerSpec& block : blocks_of(capped))
      BOOST_TEST((std::count(full.begin(), full.end(), block) == 1), block.name);
    for (const Slice& architecture : {Slice{{2, 1, 1, 0, 0}, 0.3}, Slice{{1, 0, 0, 0, 0}, 0.7}}) {
      const Figures of_capped = figures(slice_layers(capped, architecture));
      const Figures of_full = figures(slice_layers(full, architecture));
      BOOST_TEST(of_capped.parameters == of_full.parameters);
      BOOST_TEST(of_capped.macs == of_full.macs);
    }
    BOOST_CHECK_EXCEPTION(slice_layers(capped, {{3, 1, 1, 0, 0}, 0.3}), Error, [](const Error& error) {
      return std::string(error.what()).find("at most the depths 2-1-1-0-0, got 3-1-1-0-0") != std::string::npos;
    });
    BOOST_CHECK_THROW(slice_layers(capped, {{2, 1, 1, 1, 0}, 0.3}), Error);
  }
}

BOOST_AUTO_TEST_CASE(rows_of_the_layer_table) {
  const std::vector<Layer> table = layer_table(supernet_layers({97, 97, 3}, full_depth, 5));
  BOOST_TEST(table.size() == 1 + 2 + 16 * 3 + 3u);
  for (std::size_t i = 1; i < table.size(); ++i) {
    BOOST_TEST(table[i].in.height == table[i - 1].out.height);
    BOOST_TEST(table[i].in.channels == table[i - 1].out.channels);
  }
  BOOST_TEST(table.front().out.height == 49);  // an odd side is rounded up
  BOOST_TEST(table.back().name == "heads.7");
  BOOST_TEST(table.back().out.channels == 5);
  const auto kept = [&](const char* name) {
    return std::find_if(table.begin(), table.end(), [&](const Layer& layer) { return layer.name == name; })->kept;
  };
  BOOST_TEST(kept("blocks.2.expand") == 0);  // its own input already
  BOOST_TEST(kept("blocks.2.depthwise") == 25 * 25 * 24);
  BOOST_TEST(kept("blocks.2.project") == 25 * 25 * 24);
  BOOST_TEST(kept("blocks.1.project") == 0);
}

BOOST_AUTO_TEST_SUITE_END()
