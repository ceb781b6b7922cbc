#include "results/measures.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/edit_distance.hpp"
#include "base/error.hpp"

namespace danas {

Measure parse_measure(const std::string& name, const std::string& where) {
  const auto distance = [&](const MeasureInfo& each) {  // "ram" and "RAM" are near to ram_bytes, too
    const std::string full = each.name;
    return std::min({edit_distance(name, full), edit_distance(name, full.substr(0, name.size())) + 1,
                     edit_distance(name, each.label) + 1});
  };
  const auto& nearest = *std::min_element(all_measures.begin(), all_measures.end(),
                                          [&](auto& a, auto& b) { return distance(a) < distance(b); });
  if (name == nearest.name) return nearest.measure;
  throw expected(where, fmt::format("a known measure; the nearest is {}", nearest.name), "\"" + name + "\"");
}

std::string measure_text(Measure measure, double value) {
  if (info(measure).unit == Unit::share) return fmt::format("{}", value);
  return fmt::format("{}", static_cast<long long>(value));
}

Measures::Measures(std::initializer_list<std::pair<Measure, double>> values) : Measures() {
  for (const auto& [measure, value] : values) set(measure, value);
}

double Measures::operator[](Measure measure) const {
  if (!has(measure)) throw expected(info(measure).name, "a value of this measure", "none");
  return at(measure);
}

void Measures::set(const Measures& others) {
  for (const MeasureInfo& each : all_measures)
    if (others.has(each.measure)) set(each.measure, others[each.measure]);
}

bool Measures::operator==(const Measures& other) const {
  return std::all_of(all_measures.begin(), all_measures.end(), [&](const MeasureInfo& each) {
    const Measure m = each.measure;
    return has(m) == other.has(m) && (!has(m) || at(m) == other.at(m));
  });
}

Measures excess(const Measures& values, const Measures& limits) {
  Measures result;
  for (const MeasureInfo& each : all_measures)
    if (limits.has(each.measure)) result.set(each.measure, std::max(0.0, values[each.measure] - limits[each.measure]));
  return result;
}

bool within_limits(const Measures& excess) {
  return std::none_of(all_measures.begin(), all_measures.end(),
                      [&](const MeasureInfo& each) { return excess.has(each.measure) && excess[each.measure] > 0; });
}

std::string labels(const std::vector<Measure>& measures) {
  std::string text;
  for (std::size_t i = 0; i < measures.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : i + 1 < measures.size() ? ", " : " and ", info(measures[i]).label);
  return text;
}

}  // namespace danas
