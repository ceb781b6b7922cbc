#include <boost/test/unit_test.hpp>

#include "base/hash.hpp"

using namespace danas;

BOOST_AUTO_TEST_SUITE(hashes)

// The vectors that its authors publish (isthe.com/chongo/tech/comp/fnv).
BOOST_AUTO_TEST_CASE(fnv_1a) {
  BOOST_TEST(hash_text(fnv1a("")) == "cbf29ce484222325");
  BOOST_TEST(hash_text(fnv1a("a")) == "af63dc4c8601ec8c");
  BOOST_TEST(hash_text(fnv1a("foobar")) == "85944171f73967e8");
  BOOST_TEST(fnv1a("bar", fnv1a("foo")) == fnv1a("foobar"));
}

// The first value of its own sanity check, of nothing.
BOOST_AUTO_TEST_CASE(xxh3) { BOOST_TEST(hash_text(hash_bytes(nullptr, 0)) == "2d06800538d394c2"); }

BOOST_AUTO_TEST_CASE(fingerprints_of_sequences) {
  const auto of = [](std::initializer_list<const char*> texts) {
    Fingerprint fingerprint;
    for (const char* const text : texts) fingerprint.add(text);
    return fingerprint.value();
  };
  BOOST_TEST(of({"ab", "c"}) != of({"a", "bc"}));
  BOOST_TEST(of({"", "a"}) != of({"a", ""}));
  BOOST_TEST(of({"a"}) == fnv1a("a", fnv1a(std::string_view("\1\0\0\0\0\0\0\0", 8))));
  BOOST_TEST(hash_text(of({})) == "cbf29ce484222325");
}

BOOST_AUTO_TEST_CASE(texts_have_16_digits) {
  BOOST_TEST(hash_text(0) == "0000000000000000");
  BOOST_TEST(hash_text(0xFEDCBA9876543210u) == "fedcba9876543210");
}

BOOST_AUTO_TEST_SUITE_END()
