#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/random.hpp"
#include "nas/fitness.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(fitness_and_front)

BOOST_AUTO_TEST_CASE(violation_is_the_excess) {
  const Device device{"board", 1, 2};
  Resources resources;
  resources.ram_bytes = 1024;
  resources.flash_bytes = 2048;
  BOOST_TEST(violation(resources, device).none());
  resources.ram_bytes = 1025;
  resources.flash_bytes = 4096;
  BOOST_TEST(violation(resources, device).ram == 1);
  BOOST_TEST(violation(resources, device).flash == 2048);
}

BOOST_AUTO_TEST_CASE(equation_four) {
  const Device device{"board", 1, 2};
  Metrics metrics;
  metrics.accuracy = 0.75;
  metrics.precision = 0.5;
  metrics.recall = 0.25;
  BOOST_TEST(fitness(metrics, {0, 0}, device, {}) == 3.5);
  BOOST_TEST(fitness(metrics, {512, 512}, device, {}) == 3.5 - 0.5 - 0.25);
  BOOST_TEST(fitness(metrics, {4096, 0}, device, {}) == 3.5 - 4.0);  // punished without bound
  BOOST_TEST(fitness(metrics, {512, 512}, device, {2, 4, 8, 16, 32}) == 1.5 + 2 + 2 + 8 + 24);
}

BOOST_AUTO_TEST_CASE(domination_needs_an_advantage) {
  const Point point{0.5, 100, 100};
  BOOST_TEST(!dominates(point, point));
  BOOST_TEST(dominates(Point{0.6, 100, 100}, point));
  BOOST_TEST(dominates(Point{0.5, 99, 100}, point));
  BOOST_TEST(dominates(Point{0.5, 100, 99}, point));
  BOOST_TEST(!dominates(Point{0.9, 101, 1}, point));
}

// Against the definition, on points from a small grid, so that ties and twins are frequent.
BOOST_AUTO_TEST_CASE(front_against_brute_force) {
  for (std::uint64_t trial = 0; trial < 500; ++trial) {
    Random random(1, "front", trial);
    std::vector<Point> points(random.below(40));
    for (Point& point : points)
      point = {static_cast<double>(random.below(5)) / 4, static_cast<long long>(random.below(5)),
               static_cast<long long>(random.below(5))};
    std::vector<std::size_t> oracle;
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool beaten = false;
      for (std::size_t j = 0; j < points.size(); ++j) {
        const Point &a = points[j], &b = points[i];
        const bool equal = a.accuracy == b.accuracy && a.ram_bytes == b.ram_bytes && a.flash_bytes == b.flash_bytes;
        const bool as_good =
            a.accuracy >= b.accuracy && a.ram_bytes <= b.ram_bytes && a.flash_bytes <= b.flash_bytes;
        beaten = beaten || (as_good && (!equal || j < i));
      }
      if (!beaten) oracle.push_back(i);
    }
    const auto front = pareto_front(points);
    BOOST_TEST(front == oracle, boost::test_tools::per_element());

    // Who joins, and who leaves for it.
    ParetoFront growing;
    std::set<std::int64_t> members;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto upto = pareto_front({points.begin(), points.begin() + static_cast<std::ptrdiff_t>(i) + 1});
      const bool joins = growing.insert(static_cast<std::int64_t>(i), points[i]);
      BOOST_TEST(joins == (std::find(upto.begin(), upto.end(), i) != upto.end()));
      if (!joins) continue;
      for (const std::int64_t id : growing.left()) BOOST_TEST(members.erase(id) == 1u);
      members.insert(static_cast<std::int64_t>(i));
      BOOST_TEST((members == std::set<std::int64_t>(upto.begin(), upto.end())));
    }
  }
  BOOST_TEST(pareto_front({}).empty());
}

BOOST_AUTO_TEST_CASE(devices) {
  BOOST_TEST(find_device("STM32F746").ram_kib == 320);
  BOOST_TEST(find_device("stm32f765").flash_kib == 2048);
  BOOST_TEST(find_device("Arduino Nano 33 BLE Sense").ram_bytes() == 262144);
  BOOST_CHECK_EXCEPTION(find_device("toaster"), Error, [](const Error& error) {
    const std::string text = error.what();
    return text.find("STM32F765") != std::string::npos && text.find("toaster") != std::string::npos;
  });
  std::set<std::string> names;
  for (const Device& device : known_devices()) BOOST_TEST(names.insert(device.name).second);
}

BOOST_AUTO_TEST_SUITE_END()
