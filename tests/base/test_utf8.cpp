#include <boost/test/unit_test.hpp>

#include "base/error.hpp"
#include "base/utf8.hpp"

using namespace danas;

BOOST_AUTO_TEST_CASE(printable_text_stays) {
  for (const char* text : {"", "cat.jpg", "Größe 10 µm", "图像", "🐈 \\n", "\u00A0"}) {
    BOOST_TEST(printable(text) == text);
    BOOST_TEST(valid_utf8(text) == text);
  }
}

BOOST_AUTO_TEST_CASE(controls_are_escaped) {
  BOOST_TEST(printable("a\x1b[31mb\n\t\r\x7f") == "a\\x1b[31mb\\n\\t\\r\\x7f");
  BOOST_TEST(printable("\u009b31m") == "\\u009b31m");  // CSI in one character
  BOOST_TEST(!is_printable_utf8("\u009b31m"));
  BOOST_TEST(printable(std::string_view("\0a", 2)) == "\\x00a");
  BOOST_TEST(valid_utf8("a\x1b\n") == "a\x1b\n");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_utf8_are_replaced) {
  for (const auto& [text, replaced] :
       {std::pair("\xff", "\uFFFD"), std::pair("a\x80z", "a\uFFFDz"), std::pair("\xC3", "\uFFFD"),
        std::pair("\xC0\xAF", "\uFFFD\uFFFD"), std::pair("\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"),
        std::pair("\xE2\x82 ", "\uFFFD\uFFFD ")}) {
    BOOST_TEST(printable(text) == replaced);
    BOOST_TEST(valid_utf8(text) == replaced);
  }
}

BOOST_AUTO_TEST_CASE(long_texts_keep_both_ends) {
  BOOST_TEST(shortened("abcdef", 6) == "abcdef");
  BOOST_TEST(shortened("abcdefghij", 6) == "abc … hij");
  BOOST_TEST(shortened("ääääääää", 6) == "ä … ä");  // no half characters
  BOOST_TEST(beginning("ääää", 3) == "ä");
  BOOST_TEST(beginning("ab", 3) == "ab");
}

BOOST_AUTO_TEST_CASE(messages_are_to_be_read) {
  const std::string name = "first-" + std::string(100000, 'x') + "-last";
  for (const Error& error : {expected(name, name, name), Error(name, name)}) {
    const std::string message = error.what();
    BOOST_TEST(message.size() < 2000);
    BOOST_TEST(message.starts_with("[first-"));
    BOOST_TEST(message.find("-last] ") != std::string::npos);
    BOOST_TEST(message.ends_with("-last"));
  }
}
