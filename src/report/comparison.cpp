#include "report/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace danas::report {

namespace {

constexpr double kib = 1024;

DeviceSize size_of(const Settings& settings) {
  const double ram = static_cast<double>(settings.ram_limit.value_or(0)) / kib;
  return ram > 320 ? DeviceSize::large : ram > 256 ? DeviceSize::medium : DeviceSize::small;
}

Role role_of(const Settings& settings) {
  if (settings.stacks && !settings.of_sounds()) return Role::naive;
  return settings.data_configurations > 1 ? Role::data_aware : Role::hardware_aware;
}

// Student's t, two-sided, 95 %, by degrees of freedom from 1.
double critical_t(std::size_t freedom) {
  constexpr double table[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                              2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086};
  return freedom <= std::size(table) ? table[freedom - 1] : 2.086;
}

bool genetic(const Settings& settings) { return settings.strategy == "genetic" && !settings.from_scratch; }

template <class Keep>
std::vector<Member> those(const std::vector<Member>& members, Keep keep) {
  std::vector<Member> kept, plain;
  std::copy_if(members.begin(), members.end(), std::back_inserter(kept),
               [&](const Member& member) { return member.of_paper && keep(member); });
  std::copy_if(kept.begin(), kept.end(), std::back_inserter(plain),
               [](const Member& member) { return member.run->settings.switches.empty(); });
  return plain.empty() ? kept : plain;
}

double accuracy(const Candidate& candidate) { return candidate.measures[Measure::accuracy]; }

}  // namespace

const char* text_of(Role role) {
  constexpr const char* texts[] = {"data-aware", "hardware-aware", "naive"};
  return texts[static_cast<std::size_t>(role)];
}

const char* text_of(DeviceSize size) {
  constexpr const char* texts[] = {"large", "medium", "small"};
  return texts[static_cast<std::size_t>(size)];
}

const char* text_of(Verdict verdict) {
  constexpr const char* texts[] = {"holds", "does not hold", "cannot be told at this scale"};
  return texts[static_cast<std::size_t>(verdict)];
}

Comparison::Comparison(const std::vector<Run>& runs) {
  const bool any = std::any_of(runs.begin(), runs.end(), [](const Run& run) { return genetic(run.settings); });
  for (const Run& run : runs) {
    const Settings& settings = run.settings;
    const bool of_paper = any ? genetic(settings) : !settings.from_scratch;
    members_.push_back({&run, role_of(settings), size_of(settings), settings.of_sounds(), run.label, of_paper});
  }
}

std::vector<Member> Comparison::on_images(Role role, DeviceSize size) const {
  if (role == Role::hardware_aware) {
    const std::vector<std::vector<Member>> inputs = by_input(size);
    return inputs.empty() ? std::vector<Member>() : inputs.front();
  }
  return those(members_, [&](const Member& m) { return !m.sounds && m.role == role && m.size == size; });
}

std::vector<std::vector<Member>> Comparison::by_input(DeviceSize size) const {
  std::map<std::pair<std::int64_t, std::string>, std::vector<Member>, std::greater<>> inputs;
  for (const Member& member :
       those(members_, [&](const Member& m) { return !m.sounds && m.role == Role::hardware_aware && m.size == size; }))
    inputs[{member.run->settings.input_values, member.run->settings.input}].push_back(member);
  std::vector<std::vector<Member>> result;
  for (auto& [input, members] : inputs) result.push_back(std::move(members));
  return result;
}

std::vector<Member> Comparison::on_sounds(Role role) const {
  return those(members_, [&](const Member& m) { return m.sounds && m.role == role; });
}

Spread spread_of(const std::vector<double>& values) {
  Spread spread{0, 0, values.size()};
  for (const double value : values) spread.mean += value / static_cast<double>(values.size());
  if (values.size() < 2) return spread;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return spread;
}

Verdict is_larger(const Spread& first, const Spread& second) {
  if (first.count < 2 || second.count < 2) return Verdict::cannot_be_told;
  const auto m = static_cast<double>(first.count), n = static_cast<double>(second.count);
  const double squares = first.deviation * first.deviation * (m - 1) + second.deviation * second.deviation * (n - 1);
  const double error = std::sqrt(squares / (m + n - 2) * (1 / m + 1 / n));
  const double least = critical_t(first.count + second.count - 2) * error;
  const double difference = first.mean - second.mean;
  if (difference > least) return Verdict::holds;
  return difference < -least ? Verdict::does_not : Verdict::cannot_be_told;
}

std::vector<Candidate> front_systems(const Run& run) {
  std::vector<Candidate> systems;
  for (const FrontRow& row : run.front) {
    systems.push_back(row);
    if (row.test) systems.back().measures.set(*row.test);
  }
  return systems;
}

bool all_tested(const std::vector<Member>& members) {
  return std::all_of(members.begin(), members.end(), [](const Member& member) {
    return std::all_of(member.run->front.begin(), member.run->front.end(),
                       [](const FrontRow& row) { return row.test.has_value(); });
  });
}

std::optional<double> best_score(const Member& member) {
  if (!member.run->best) return std::nullopt;
  const FrontRow& best = member.run->front[*member.run->best];
  return (best.test ? *best.test : best.measures)[member.sounds ? Measure::f1 : Measure::accuracy];
}

double common_best(const std::vector<Member>& members, Measure score) {
  double least = 1;
  for (const Member& member : members) {
    double best = 0;
    for (const Candidate& c : front_systems(*member.run)) best = std::max(best, c.measures[score]);
    least = std::min(least, best);
  }
  return least;
}

std::optional<double> common_threshold(const std::vector<Member>& members) {
  if (members.empty()) return std::nullopt;
  double least = 1;
  for (const Member& member : members) {
    double best = 0;
    for (const Candidate& c : member.run->candidates) best = std::max(best, accuracy(c));
    least = std::min(least, best);
  }
  return std::floor(least * 100 + 1e-9) / 100;
}

std::optional<Reached> reached(const Run& run, double threshold) {
  std::int64_t systems = 0;
  for (const Candidate& c : run.candidates) {
    if (c.twin_of == 0) ++systems;
    if (accuracy(c) >= threshold - 1e-9) return Reached{systems, c.elapsed_seconds, c.images};
  }
  return std::nullopt;
}

}  // namespace danas::report
