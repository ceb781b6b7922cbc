#include <boost/test/unit_test.hpp>

#include <set>

#include "base/error.hpp"
#include "nas/device.hpp"
#include "nas/fitness.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(fitness_and_devices)

BOOST_AUTO_TEST_CASE(violation_is_the_excess) {
  const Device device{"board", 1, 2};
  const auto violation = [&](double ram, double flash) {
    return excess({{Measure::ram_bytes, ram}, {Measure::flash_bytes, flash}}, device.limits());
  };
  BOOST_TEST(within_limits(violation(1024, 2048)));
  BOOST_TEST(violation(1025, 4096)[Measure::ram_bytes] == 1);
  BOOST_TEST(violation(1025, 4096)[Measure::flash_bytes] == 2048);
}

BOOST_AUTO_TEST_CASE(equation_four) {
  const Measures limits = Device{"board", 1, 2}.limits();
  const auto needing = [&](double ram_over, double flash_over) {
    return Measures{{Measure::accuracy, 0.75},
                    {Measure::precision, 0.5},
                    {Measure::recall, 0.25},
                    {Measure::ram_bytes, 1024 + ram_over},
                    {Measure::flash_bytes, 2048 + flash_over}};
  };
  const Measures equal = equal_weights();
  BOOST_TEST(fitness(needing(0, 0), limits, equal) == 3.5);
  BOOST_TEST(fitness(needing(-1000, -3), limits, equal) == 3.5);
  BOOST_TEST(fitness(needing(512, 512), limits, equal) == 3.5 - 0.5 - 0.25);
  BOOST_TEST(fitness(needing(4096, 0), limits, equal) == 3.5 - 4.0);  // punished without bound
  const Measures weights{{Measure::accuracy, 2},
                         {Measure::precision, 4},
                         {Measure::recall, 8},
                         {Measure::ram_bytes, 16},
                         {Measure::flash_bytes, 32}};
  BOOST_TEST(fitness(needing(512, 512), limits, weights) == 1.5 + 2 + 2 + 8 + 24);
  BOOST_TEST(relative_excess(excess(needing(512, -3), limits), limits) == 0.5);
  BOOST_TEST(relative_excess(excess(needing(512, 512), limits), limits) == 0.75);
}

BOOST_AUTO_TEST_CASE(devices) {
  BOOST_TEST(find_device("STM32F746").ram_kib == 320);
  BOOST_TEST(find_device("stm32f765").flash_kib == 2048);
  BOOST_TEST(find_device("Arduino Nano 33 BLE Sense").limits()[Measure::ram_bytes] == 262144);
  BOOST_TEST((Device{"odd", 100.5, 0.0011}.limits()[Measure::ram_bytes]) == 102912);
  BOOST_TEST((Device{"odd", 100.5, 0.0011}.limits()[Measure::flash_bytes]) == 1);  // whole bytes
  BOOST_CHECK_EXCEPTION(find_device("toaster"), Error, [](const Error& error) {
    const std::string text = error.what();
    return text.find("STM32F765") != std::string::npos && text.find("toaster") != std::string::npos;
  });
  std::set<std::string> names;
  for (const Device& device : known_devices()) BOOST_TEST(names.insert(device.name).second);
}

BOOST_AUTO_TEST_SUITE_END()
