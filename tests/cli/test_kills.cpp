// scripts/kill-test, shortly: what it finds in a hundred kills, it mostly finds in six.
#include <boost/test/unit_test.hpp>

#include <cstdlib>

#include "process.hpp"

using namespace danas::test;

BOOST_AUTO_TEST_SUITE(kills)

BOOST_AUTO_TEST_CASE(searches_killed_at_random_moments_end_with_the_same_bytes, *boost::unit_test::label("slow")) {
  const Scratch scratch;
  const fs::path output = scratch / "output";
  const std::string script = (source_folder() / "scripts/kill-test").string();
  const int status = std::system(("'" + script + "' 6 > '" + output.string() + "' 2>&1").c_str());
  BOOST_TEST(status == 0, read(output));
  BOOST_TEST(read(output).find("6 kills") != std::string::npos, read(output));
}

BOOST_AUTO_TEST_SUITE_END()
