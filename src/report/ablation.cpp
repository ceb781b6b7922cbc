#include "report/ablation.hpp"

#include <algorithm>
#include <map>

#include "report/front_volume.hpp"
#include "report/rank_correlations.hpp"

namespace danas::report {

namespace {

// Of all runs, whatever their strategy, that are trained as these and with the same switches that act on networks.
Spread tau_of(const Settings& settings, const std::vector<RankCorrelation>& ranks) {
  if (!settings.switches.empty() && settings.network_switches.empty()) return {};
  std::vector<double> values;
  for (const RankCorrelation& each : ranks) {
    const Settings& other = each.run.run->settings;
    if (other.network_switches == settings.network_switches && other.training == settings.training &&
        other.data == settings.data)
      values.push_back(each.tau);
  }
  return spread_of(values);
}

using Groups = std::map<std::string, std::vector<Member>>;  // by switches

Groups by_switches(const Comparison& comparison, DeviceSize size) {
  Groups groups;
  for (const Member& member : comparison.members())
    if (member.of_paper && !member.sounds && member.role == Role::data_aware && member.size == size)
      groups[member.run->settings.switches].push_back(member);
  return groups;
}

Ablation summarize(const std::string& switches, const std::vector<Member>& members) {
  std::vector<double> accuracies, volumes;
  for (const Member& member : members) {
    if (const auto score = best_score(member)) accuracies.push_back(*score);
    if (const auto volume = front_volume(*member.run, measured_again(*member.run))) volumes.push_back(*volume);
  }
  return {switches, spread_of(accuracies), spread_of(volumes)};
}

}  // namespace

std::vector<Measures> measured_again(const Run& run) {
  std::vector<Measures> systems;
  for (const FrontRow& row : run.front) {
    const auto layers = run.layers.find(row.id);
    if (!row.test || layers == run.layers.end()) continue;
    long long ram = 0, flash = 0;
    for (const LayerRow& layer : layers->second) {
      ram = std::max(ram, layer.ram_bytes);
      flash += layer.flash_bytes;
    }
    systems.push_back({{Measure::accuracy, (*row.test)[Measure::accuracy]},
                       {Measure::ram_bytes, static_cast<double>(ram)},
                       {Measure::flash_bytes, static_cast<double>(flash)}});
  }
  return systems;
}

std::vector<Ablation> ablation(const Comparison& comparison) {
  Groups groups;
  for (const DeviceSize size : {DeviceSize::large, DeviceSize::medium, DeviceSize::small}) {
    groups = by_switches(comparison, size);
    if (groups.contains("") && groups.size() > 1) break;
  }
  if (!groups.contains("") || groups.size() < 2) return {};
  const std::vector<RankCorrelation> ranks = rank_correlations(comparison);
  std::vector<Ablation> rows;
  for (const auto& [switches, members] : groups) {
    rows.push_back(summarize(switches, members));
    rows.back().tau = tau_of(members.front().run->settings, ranks);
    if (switches.empty()) continue;
    rows.back().more_accurate = is_larger(rows.back().accuracy, rows.front().accuracy);
    rows.back().larger = is_larger(rows.back().hypervolume, rows.front().hypervolume);
  }
  return rows;
}

}  // namespace danas::report
