#include <boost/test/unit_test.hpp>

#include "base/build.hpp"
#include "base/error.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(builds)

BOOST_AUTO_TEST_CASE(text_of_a_build_is_read_again) {
  for (const std::string instruction_set : {"avx512", "cuda sm_90"}) {
    const Build build = Build::of_this(instruction_set), read = parse_build(build_text(build), "state/build");
    BOOST_TEST(read.version == build.version);
    BOOST_TEST(read.commit == build.commit);
    BOOST_TEST(read.instruction_set == instruction_set);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_build_is_an_error) {
  for (const std::string text : {"", "0.1.0", "0.1.0 abc", "0.1.0 abc ", "0.1.0  abc avx2", " 0.1.0 abc avx2"})
    BOOST_CHECK_THROW(parse_build(text, "state/build"), Error);
}

BOOST_AUTO_TEST_SUITE_END()
