#include <boost/test/unit_test.hpp>

#include "report/text.hpp"

using namespace danas::report;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(escapes) {
  BOOST_TEST(escape("<a href=\"x\">&'\x01</a>") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;&lt;/a&gt;");
  BOOST_TEST(url_path("my run/é?#\".csv") == "my%20run/%C3%A9%3F%23%22.csv");
}

BOOST_AUTO_TEST_CASE(numbers) {
  BOOST_TEST(thousands(0) == "0");
  BOOST_TEST(thousands(999) == "999");
  BOOST_TEST(thousands(2226434) == "2,226,434");
  BOOST_TEST(thousands(-1000) == "-1,000");
  BOOST_TEST(kib(1024 * 1024) == "1,024\u202fKiB");
  BOOST_TEST(kib(1536) == "1.5\u202fKiB");
  BOOST_TEST(percent(0.7136) == "71.4\u202f%");
  BOOST_TEST(compact(999) == "999");
  BOOST_TEST(compact(9876543) == "9.88\u202fM");
  BOOST_TEST(compact(999600) == "1.00\u202fM");
  BOOST_TEST(duration(5) == "5.0\u202fs");
  BOOST_TEST(duration(4320) == "72\u202fmin");
  BOOST_TEST(duration(3600 * 23 + 59 * 60) == "23\u202fh 59\u202fmin");
}

BOOST_AUTO_TEST_CASE(escapes_are_utf8) {
  BOOST_TEST(escape("a\xff<\x1b>") == "a\uFFFD&lt;&gt;");
  BOOST_TEST(escape("Größe") == "Größe");
}

BOOST_AUTO_TEST_CASE(systems) {
  BOOST_TEST(data_text("96-monochrome") == "96×96 monochrome");
  BOOST_TEST(data_text("6000-mel-2.5s") == "6000 Hz mel-2.5s");
  BOOST_TEST(data_text("strange") == "strange");
  BOOST_TEST(architecture_text("2-3-1-0-0 0.5") == "depths 2-3-1-0-0, width 0.5");
}

BOOST_AUTO_TEST_SUITE_END()
