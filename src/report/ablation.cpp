#include "report/ablation.hpp"

#include <algorithm>
#include <map>

#include "results/hypervolume.hpp"

namespace danas::report {

namespace {

constexpr double chance = 0.5;  // of two classes

// The share of the box between chance and the device's limits that the front covers.
std::optional<double> front_hypervolume(const Run& run) {
  const Settings& settings = run.settings;
  const std::vector<Measures> systems = measured_again(run);
  if (!settings.ram_limit || !settings.flash_limit || systems.empty()) return std::nullopt;
  return hypervolume(systems, default_objectives,
                     {{Measure::accuracy, chance},
                      {Measure::ram_bytes, static_cast<double>(*settings.ram_limit)},
                      {Measure::flash_bytes, static_cast<double>(*settings.flash_limit)}});
}

Ablation summarize(const std::string& switches, const std::vector<Member>& members) {
  std::vector<double> accuracies, volumes;
  for (const Member& member : members) {
    if (const auto score = best_score(member)) accuracies.push_back(*score);
    if (const auto volume = front_hypervolume(*member.run)) volumes.push_back(*volume);
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
  std::map<std::string, std::vector<Member>> groups;
  for (const Member& member : comparison.members())
    if (!member.sounds && member.role == Role::data_aware && member.size == DeviceSize::large)
      groups[member.run->settings.switches].push_back(member);
  if (!groups.contains("") || groups.size() < 2) return {};
  std::vector<Ablation> rows;
  for (const auto& [switches, members] : groups) {
    rows.push_back(summarize(switches, members));
    if (switches.empty()) continue;
    rows.back().more_accurate = is_larger(rows.back().accuracy, rows.front().accuracy);
    rows.back().larger = is_larger(rows.back().hypervolume, rows.front().hypervolume);
  }
  return rows;
}

}  // namespace danas::report
