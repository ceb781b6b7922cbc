#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "nas/device.hpp"
#include "nas/search_space.hpp"
#include "nas/system.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(estimators)

// The examples of the design: trainable parameters, folded ones, multiply-adds, RAM; flash is the folded ones at a byte.
BOOST_AUTO_TEST_CASE(figures_of_the_design) {
  struct Figure {
    const char* system;
    long long parameters, folded, macs, ram;
  };
  for (const Figure& figure : {Figure{"224,rgb,3-4-3-3-1,1.0", 2'226'434, 2'209'378, 299'496'832, 1'505'280},
                               Figure{"96,monochrome,2-2-0-0-0,0.3", 6'098, 5'606, 1'456'144, 69'120},
                               Figure{"160,rgb,3-4-3-3-1,0.5", 582'050, 573'522, 42'226'880, 384'000},
                               Figure{"128,monochrome,1-1-1-1-1,0.7", 122'330, 119'830, 8'036'608, 245'760}}) {
    BOOST_TEST_CONTEXT(figure.system) {
      const LayerList layers = system_layers(parse_system(figure.system), 2);
      const Measures needs = estimate(layers);
      BOOST_TEST(needs[Measure::parameters] == figure.parameters);
      BOOST_TEST(needs[Measure::flash_bytes] == figure.folded);
      BOOST_TEST(needs[Measure::macs] == figure.macs);
      BOOST_TEST(needs[Measure::ram_bytes] == figure.ram);
      long long folded = 0, flash = 0, ram = 0;
      for (const LayerRow& layer : layer_rows(layers)) {
        folded += layer.parameters_folded;
        flash += layer.flash_bytes;
        ram = std::max(ram, layer.ram_bytes);
      }
      BOOST_TEST(folded == figure.folded);
      BOOST_TEST(flash == figure.folded);
      BOOST_TEST(ram == figure.ram);
    }
  }
}

BOOST_AUTO_TEST_CASE(wider_numbers_need_more_bytes) {
  const LayerList layers = system_layers(parse_system("96,monochrome,2-2-0-0-0,0.3"), 2);
  const Measures wide = estimate(layers, {2, 2, 4});
  BOOST_TEST(wide[Measure::ram_bytes] == 2 * 69'120);
  BOOST_TEST(wide[Measure::flash_bytes] == 4 * 5'606);
  BOOST_TEST(wide[Measure::macs] == 1'456'144);
}

// An image of 32×32×3 into a stem of 16×16×32: the image at its own width, all else at that of activations.
BOOST_AUTO_TEST_CASE(the_image_has_a_width_of_its_own) {
  const LayerList layers = system_layers(parse_system("32,rgb,0-0-0-0-0,1.0"), 2);
  const auto ram = [&](const ByteWidths& bytes) { return layer_rows(layers, bytes).at(0).ram_bytes; };
  BOOST_TEST(ram({1, 1, 1}) == 3'072 + 8'192);
  BOOST_TEST(ram({1, 2, 4}) == 3'072 + 2 * 8'192);
  BOOST_TEST(ram({4, 2, 1}) == 4 * 3'072 + 2 * 8'192);
  // blocks.1.depthwise, 16×16×96 to 8×8×96, sees no image; it needs most until images are wide.
  BOOST_TEST(estimate(layers, {1, 1, 1})[Measure::ram_bytes] == 16 * 16 * 96 + 8 * 8 * 96);
  BOOST_TEST(estimate(layers, {4, 1, 1})[Measure::ram_bytes] == 16 * 16 * 96 + 8 * 8 * 96);
  BOOST_TEST(estimate(layers, {1, 2, 8})[Measure::ram_bytes] == 2 * (16 * 16 * 96 + 8 * 8 * 96));
  BOOST_TEST(estimate(layers, {8, 1, 1})[Measure::ram_bytes] == 8 * 3'072 + 8'192);
}

// 77.8, 61.2 and 55.4 % of the 37,520 systems.
BOOST_AUTO_TEST_CASE(shares_that_fit_the_devices_of_the_paper) {
  const SearchSpace space;
  const Device large{"large", 512, 2048}, medium{"medium", 320, 1024}, small{"small", 256, 1024};
  std::int64_t fit_large = 0, fit_medium = 0, fit_small = 0;
  for (std::int64_t i = 0; i < space.size(); ++i) {
    const Measures needs = estimate(system_layers(space.at(i), 2));
    fit_large += within_limits(excess(needs, large.limits()));
    fit_medium += within_limits(excess(needs, medium.limits()));
    fit_small += within_limits(excess(needs, small.limits()));
  }
  const auto per_mille = [&](std::int64_t count) { return (count * 1000 + space.size() / 2) / space.size(); };
  BOOST_TEST(per_mille(fit_large) == 778);
  BOOST_TEST(per_mille(fit_medium) == 612);
  BOOST_TEST(per_mille(fit_small) == 554);
}

BOOST_AUTO_TEST_SUITE_END()
