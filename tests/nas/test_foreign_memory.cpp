#include <boost/test/unit_test.hpp>

#include "../foreign_backend.hpp"
#include "tiny_search.hpp"

using namespace danas;
using namespace danas::test;

BOOST_AUTO_TEST_SUITE(foreign_memory, *boost::unit_test::label("threads"))

// Supernets, slices, fine-tuning, recalibration, evaluation, saving, final training and test, interrupted and resumed.
BOOST_AUTO_TEST_CASE(a_search_touches_no_memory_but_through_the_backend) {
  const TemporaryFolder folder;
  const Experiment experiment = tiny_experiment(folder.path(), {"search.lanes=1"});  // others have host memory
  run_tiny(experiment, folder / "host", false);
  const auto expected = results(folder / "host");
  BOOST_TEST(expected.size() > 4u);

  std::atomic<bool> interrupt = false;
  int calls = 0;
  SearchOptions options;
  options.directory = folder / "foreign";
  options.interrupt = &interrupt;
  SearchObserver observer;
  observer.progress = [&](const auto&...) { interrupt = ++calls == 20; };
  ForeignBackend backend(2);
  BOOST_TEST(run_search(experiment, backend, options, observer).interrupted);
  interrupt = false;
  options.resume = true;
  BOOST_TEST(!run_search(experiment, backend, options, observer).interrupted);
  check_same_results(expected, folder / "foreign");
}

BOOST_AUTO_TEST_SUITE_END()
