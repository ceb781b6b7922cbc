#include <boost/test/unit_test.hpp>

#include "base/units.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(units)

BOOST_AUTO_TEST_CASE(bytes_and_shares) {
  BOOST_TEST(kib_text(0) == "0.0 KiB");
  BOOST_TEST(kib_text(94515) == "92.3 KiB");
  BOOST_TEST(mib_text(44040192) == "42.0 MiB");
  BOOST_TEST(gib_text(87187936870.0) == "81.2 GiB");
  BOOST_TEST(kibibytes(1536) == 1.5);
  BOOST_TEST(mebibytes(1572864) == 1.5);
  BOOST_TEST(gibibytes(1610612736) == 1.5);
  BOOST_TEST(percent_text(0.7126) == "71.3 %");
  BOOST_TEST(percent_text(1) == "100.0 %");
}

BOOST_AUTO_TEST_CASE(durations) {
  BOOST_TEST(duration_text(-3) == "0 s");
  BOOST_TEST(duration_text(59.4) == "59 s");
  BOOST_TEST(duration_text(59.5) == "1:00 min");
  BOOST_TEST(duration_text(185) == "3:05 min");
  BOOST_TEST(duration_text(3599.4) == "59:59 min");
  BOOST_TEST(duration_text(3600) == "1:00 h");
  BOOST_TEST(duration_text(7389) == "2:03 h");
  BOOST_TEST(duration_text(360000) == "100:00 h");
}

BOOST_AUTO_TEST_SUITE_END()
