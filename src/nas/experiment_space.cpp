// Reading [space].
#include "nas/experiment_space.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.hpp"

namespace danas {

namespace {

// Sounds have no colors, and images no features.
void refuse_other_views(const TomlSource& source, DatasetKind kind) {
  const bool sounds = holds_sounds(kind);
  const auto [wanted, others] = sounds ? std::pair("sample_rate and feature", std::array{"resolution", "color"})
                                       : std::pair("resolution and color", std::array{"sample_rate", "feature"});
  for (const char* const key : others)
    if (const std::string name = std::string("space.") + key; source.find(name) != nullptr)
      throw expected(source.where(name),
                     fmt::format("{}, as {} have them (data.kind is \"{}\")", wanted, items_of(kind), name_of(kind)),
                     key);
}

std::vector<DataConfiguration> data_configurations(const TomlSource& source, const SpaceLists& lists,
                                                   const DataSettings& data) {
  refuse_other_views(source, data.kind);
  refuse_twins(source, "space.resolution", lists.resolution);
  refuse_twins(source, "space.color", lists.color);
  refuse_twins(source, "space.sample_rate", lists.sample_rate);
  refuse_twins(source, "space.feature", lists.feature);
  if (!holds_sounds(data.kind)) return squares(lists.resolution, lists.color);
  std::vector<DataConfiguration> configurations;
  const auto milliseconds = static_cast<int>(std::lround(1000 * data.seconds));
  for (const int rate : lists.sample_rate)
    for (const AudioFeature feature : lists.feature) {
      configurations.emplace_back(SoundView{rate, feature, milliseconds});
      if (const std::string wanted = configurations.back().complaint(); !wanted.empty())
        throw expected(source.where("data.seconds", "space.sample_rate"), wanted,
                       fmt::format("{} s at {} Hz", data.seconds, rate));
    }
  return configurations;
}

SliceSpace make_slices(const TomlSource& source, const SpaceLists& lists, const Switches& switches) {
  refuse_twins(source, "space.width", lists.width);
  bool within = lists.depth.size() == full_depth.size();
  for (std::size_t stage = 0; within && stage < full_depth.size(); ++stage)
    within = lists.depth[stage] <= full_depth[stage];
  if (!within) {
    const auto listed = [](const auto& numbers) {
      std::string text;
      for (const int number : numbers) text += fmt::format("{}{}", text.empty() ? "" : ", ", number);
      return "[" + text + "]";
    };
    throw expected(source.where("space.depth"), "five numbers, at most " + listed(full_depth), listed(lists.depth));
  }
  std::array<int, 5> depth;
  std::copy(lists.depth.begin(), lists.depth.end(), depth.begin());
  return SliceSpace(lists.width, depth, switches.repair_depth);
}

StackSpace make_stacks(const TomlSource& source, const SpaceLists& lists, const Switches& switches,
                       const std::vector<DataConfiguration>& data) {
  const StackChoices& stack = lists.stack;
  refuse_twins(source, "space.filters", stack.filters);
  refuse_twins(source, "space.kernel", stack.kernel);
  refuse_twins(source, "space.activation", stack.activation);
  int least = std::numeric_limits<int>::max();
  for (const DataConfiguration& each : data) least = std::min({least, each.input().height, each.input().width});
  const int lost = stack.layers * (*std::max_element(stack.kernel.begin(), stack.kernel.end()) - 1);
  if (lost >= least)
    throw expected(source.where("space.layers", "space.kernel"),
                   fmt::format("convolutions that leave something of {} pixels", least),
                   fmt::format("some that take {} pixels", lost));
  return StackSpace(stack, {switches.begin_with_one_layer, switches.keep_layer_count});
}

}  // namespace

SearchSpace make_space(const TomlSource& source, const SpaceLists& lists, const DataSettings& data,
                       const Switches& switches) {
  for (const auto& [key, of] : keys_of_one_network)
    if (of != lists.network && source.find(key) != nullptr)
      throw expected(source.where(key), fmt::format("nothing where space.network is \"{}\"", name_of(lists.network)),
                     fmt::format("{}, which networks of \"{}\" have", key, name_of(of)));
  const std::vector<DataConfiguration> configurations = data_configurations(source, lists, data);
  if (lists.network == NetworkKind::layers)
    return SearchSpace(configurations, make_stacks(source, lists, switches, configurations));
  return SearchSpace(configurations, make_slices(source, lists, switches));
}

}  // namespace danas
