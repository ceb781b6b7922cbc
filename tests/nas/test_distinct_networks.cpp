#include <boost/test/unit_test.hpp>

#include "nas/distinct_networks.hpp"
#include "nas/system.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(distinct_networks)

BOOST_AUTO_TEST_CASE(the_papers_space) { BOOST_TEST(DistinctNetworks(SearchSpace()).count() == 37'184); }

BOOST_AUTO_TEST_CASE(twins_have_equal_shapes) {
  const SearchSpace space({32, 64}, {Color::monochrome, Color::rgb}, {0.1, 0.2, 0.3, 0.9, 1.0}, {1, 1, 1, 0, 0});
  const DistinctNetworks networks(space);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < space.size(); ++i) {
    const System system = space.at(i);
    std::int64_t first = 0;
    while (space.at(first).data != system.data || system_layers(space.at(first), 3) != system_layers(system, 3))
      ++first;
    BOOST_TEST(networks.network(system) == first);
    count += first == i;
  }
  BOOST_TEST(networks.count() == count);
  BOOST_TEST(count < space.size());
}

BOOST_AUTO_TEST_SUITE_END()
