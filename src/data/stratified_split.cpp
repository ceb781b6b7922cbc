#include "data/stratified_split.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.hpp"

namespace danas {

void deal_class(std::vector<Sample> samples, std::uint64_t seed, double validation_share, double test_share,
                std::vector<Sample>* splits) {
  if (samples.empty()) return;
  Random random(seed, "split", static_cast<std::uint64_t>(samples.front().label));
  random.shuffle(samples);
  const auto count = [&](double share) {
    return static_cast<std::size_t>(std::llround(share * static_cast<double>(samples.size())));
  };
  const std::size_t validation = count(validation_share);
  const std::size_t test = std::min(count(test_share), samples.size() - validation);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Split split = i < validation ? Split::validation : i < validation + test ? Split::test : Split::train;
    splits[static_cast<int>(split)].push_back(std::move(samples[i]));
  }
}

}  // namespace danas
