// Shares of every class, by seed.
#include "data/stratified_split.hpp"

#include <algorithm>
#include <set>

#include "support.hpp"

namespace danas::test {

namespace {

struct Dealt {
  std::vector<Sample> splits[3];
  const std::vector<Sample>& operator[](Split split) const { return splits[static_cast<int>(split)]; }
};

Dealt deal(int count, int label, std::uint64_t seed, double validation_share, double test_share) {
  std::vector<Sample> samples;
  for (int i = 0; i < count; ++i) samples.push_back({std::to_string(i), 0, label});
  Dealt dealt;
  deal_class(std::move(samples), seed, validation_share, test_share, dealt.splits);
  return dealt;
}

std::vector<std::string> files_of(const std::vector<Sample>& samples) {
  std::vector<std::string> files;
  for (const Sample& sample : samples) files.push_back(sample.file);
  return files;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stratified_split)

BOOST_AUTO_TEST_CASE(four_fifths_of_every_class_are_for_training) {
  for (const int count : {1, 2, 3, 7, 200, 900}) {
    const Dealt dealt = deal(count, 1, 5, 0, 0.2);
    BOOST_CHECK_EQUAL(dealt[Split::test].size(), static_cast<std::size_t>((count + 2) / 5));
    BOOST_CHECK_EQUAL(dealt[Split::validation].size(), 0u);
    std::set<std::string> all;
    for (const auto& split : dealt.splits)
      for (const Sample& sample : split) {
        BOOST_CHECK_EQUAL(sample.label, 1);
        BOOST_CHECK(all.insert(sample.file).second);
      }
    BOOST_CHECK_EQUAL(all.size(), static_cast<std::size_t>(count));
  }
  const Dealt dealt = deal(100, 0, 5, 0.15, 0.2);
  BOOST_CHECK_EQUAL(dealt[Split::validation].size(), 15u);
  BOOST_CHECK_EQUAL(dealt[Split::test].size(), 20u);
  BOOST_CHECK_EQUAL(deal(3, 0, 5, 0.9, 0.9)[Split::train].size(), 0u);
  BOOST_CHECK(deal(0, 0, 5, 0.5, 0.5)[Split::train].empty());
}

BOOST_AUTO_TEST_CASE(seed_and_class_decide) {
  const auto test_of = [](int label, std::uint64_t seed) {
    return files_of(deal(50, label, seed, 0, 0.2)[Split::test]);
  };
  BOOST_CHECK(test_of(0, 1) == test_of(0, 1));
  BOOST_CHECK(test_of(0, 1) != test_of(0, 2));
  BOOST_CHECK(test_of(0, 1) != test_of(1, 1));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
