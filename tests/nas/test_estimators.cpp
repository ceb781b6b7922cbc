#include <boost/test/unit_test.hpp>

#include "nas/fitness.hpp"
#include "nas/search_space.hpp"
#include "nn/mobilenet_v2.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(estimators)

// The examples of the design: trainable parameters, folded ones, multiply-adds, RAM; flash is the folded ones at a byte.
BOOST_AUTO_TEST_CASE(figures_of_the_design) {
  struct Figure { const char* system; long long parameters, folded, macs, ram; };
  for (const Figure& figure : {Figure{"224,rgb,3-4-3-3-1,1.0", 2'226'434, 2'209'378, 299'496'832, 1'505'280},
                               Figure{"96,monochrome,2-2-0-0-0,0.3", 6'098, 5'606, 1'456'144, 69'120},
                               Figure{"160,rgb,3-4-3-3-1,0.5", 582'050, 573'522, 42'226'880, 384'000},
                               Figure{"128,monochrome,1-1-1-1-1,0.7", 122'330, 119'830, 8'036'608, 245'760}}) {
    BOOST_TEST_CONTEXT(figure.system) {
      const Resources resources = estimate(system_layers(parse_system(figure.system), 2));
      BOOST_TEST(resources.parameters == figure.parameters);
      BOOST_TEST(resources.parameters_folded == figure.folded);
      BOOST_TEST(resources.flash_bytes == figure.folded);
      BOOST_TEST(resources.macs == figure.macs);
      BOOST_TEST(resources.ram_bytes == figure.ram);
    }
  }
}

BOOST_AUTO_TEST_CASE(wider_numbers_need_more_bytes) {
  const LayerList layers = system_layers(parse_system("96,monochrome,2-2-0-0-0,0.3"), 2);
  const Resources wide = estimate(layers, 2, 4);
  BOOST_TEST(wide.ram_bytes == 2 * 69'120);
  BOOST_TEST(wide.flash_bytes == 4 * 5'606);
  BOOST_TEST(wide.macs == 1'456'144);
}

// 77.8, 61.2 and 55.4 % of the 37,520 systems.
BOOST_AUTO_TEST_CASE(shares_that_fit_the_devices_of_the_paper) {
  const SearchSpace space;
  const Device large{"large", 512, 2048}, medium{"medium", 320, 1024}, small{"small", 256, 1024};
  std::int64_t fit_large = 0, fit_medium = 0, fit_small = 0;
  for (std::int64_t i = 0; i < space.size(); ++i) {
    const Resources resources = estimate(system_layers(space.at(i), 2));
    fit_large += violation(resources, large).none();
    fit_medium += violation(resources, medium).none();
    fit_small += violation(resources, small).none();
  }
  const auto per_mille = [&](std::int64_t count) { return (count * 1000 + space.size() / 2) / space.size(); };
  BOOST_TEST(per_mille(fit_large) == 778);
  BOOST_TEST(per_mille(fit_medium) == 612);
  BOOST_TEST(per_mille(fit_small) == 554);
}

BOOST_AUTO_TEST_SUITE_END()
