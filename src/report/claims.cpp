#include "report/claims.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "base/joined.hpp"
#include "report/progress_figures.hpp"
#include "report/text.hpp"

namespace danas::report {

const char* const verdict_rule =
    "Values are means over the runs ± their standard deviation. A claim holds, or does not, where the difference of two "
    "means is larger than what Student's t with the pooled deviation of both (two-sided, 95 %) leaves to chance; else, and "
    "with fewer than two runs on a side, it cannot be told at this scale.";

namespace {

using Members = std::vector<Member>;
using Value = std::function<std::optional<double>(const Member&)>;
using Text = std::function<std::string(double)>;

std::vector<double> values_of(const Members& members, const Value& value) {
  std::vector<double> values;
  for (const Member& member : members)
    if (const auto found = value(member)) values.push_back(*found);
  return values;
}

/// `runs` in all, some of which may have no value.
std::string spread_text(const Spread& spread, std::size_t runs, const Text& text) {
  const std::string of = spread.count == runs ? "" : fmt::format("{} of ", spread.count);
  const std::string counted = fmt::format("({}{} run{})", of, runs, runs == 1 ? "" : "s");
  if (spread.count == 0) return "no value " + counted;
  return fmt::format("{} ± {} {}", text(spread.mean), text(spread.deviation), counted);
}

std::string data_of(const Members& a, const Members& b = {}) {
  std::set<std::string> names;
  for (const Members* members : {&a, &b})
    for (const Member& member : *members) names.insert(member.run->settings.data_name);
  return names.empty() ? "–" : joined(names);
}

std::string percent_points(double share) { return percent(share); }
std::string number_text(double value) {
  return value >= 999.5 ? thousands(std::llround(value)) : fmt::format("{:.3g}", value);
}

/// That the first are larger than the second in a value.
Claim compared(Claim claim, const Members& first, const Members& second, const Value& value, const Text& text) {
  claim.data = data_of(first, second);
  if (first.empty() || second.empty()) {
    claim.here = "no such runs to compare";
    return claim;
  }
  const Spread a = spread_of(values_of(first, value)), b = spread_of(values_of(second, value));
  claim.here = spread_text(a, first.size(), text) + " against " + spread_text(b, second.size(), text);
  claim.verdict = is_larger(a, b);
  return claim;
}

std::optional<double> mean_fitness(const Member& member) {
  const std::vector<double> means = averaged_fitness(*member.run);
  if (means.empty()) return std::nullopt;
  return spread_of(means).mean;
}

// Systems on the front that are right at least so often.
Value systems_above(double threshold) {
  return [=](const Member& member) {
    const std::vector<Candidate> systems = front_systems(*member.run);
    return static_cast<double>(std::count_if(systems.begin(), systems.end(), [&](const Candidate& c) {
      return c.measures[Measure::accuracy] >= threshold - 1e-9;
    }));
  };
}

// The largest whole percent that a system on the front of every run reaches.
double front_threshold(const Members& a, const Members& b) {
  const double least = std::min(common_best(a, Measure::accuracy), common_best(b, Measure::accuracy));
  return std::floor(least * 100 + 1e-9) / 100;
}

// The area below its line of figure 7: the share found, on average over the images of the search.
std::optional<double> found_early(const Member& member) {
  const Run& run = *member.run;
  const std::vector<std::size_t> rows = front_rows(run);
  if (rows.empty() || run.candidates.back().images == 0) return std::nullopt;
  const auto all = static_cast<double>(run.candidates.back().images);
  double left = 0;
  for (const std::size_t row : rows) left += 1 - static_cast<double>(run.candidates[row].images) / all;
  return left / static_cast<double>(rows.size());
}

Claim each_device(const Comparison& comparison) {
  Claim claim{"Data-aware search finds suitable systems for each of the three devices.",
              "79.5 %, 78.5 % and 77.7 % for the large, medium and small one", "", "", Verdict::cannot_be_told};
  Members all;
  bool each = true, found = true;
  for (const DeviceSize size : {DeviceSize::large, DeviceSize::medium, DeviceSize::small}) {
    const Members members = comparison.on_images(Role::data_aware, size);
    const std::vector<double> values = values_of(members, best_score);
    claim.here +=
        fmt::format("{}{}: {}", claim.here.empty() ? "" : "; ", text_of(size),
                    members.empty() ? "no runs" : spread_text(spread_of(values), members.size(), percent_points));
    each = each && members.size() >= 2;
    found = found && values.size() == members.size();
    all.insert(all.end(), members.begin(), members.end());
  }
  claim.data = data_of(all);
  if (!found) claim.verdict = Verdict::does_not;
  else if (each) claim.verdict = Verdict::holds;
  return claim;
}

Claim evaluations(const Members& supernet, const Members& naive) {
  const auto threshold = common_threshold(naive);
  const std::string at = threshold ? percent(*threshold, 0) : "an accuracy that every naive run reaches";
  const Value until = [&](const Member& member) -> std::optional<double> {
    const auto when = reached(*member.run, *threshold);
    return when ? std::optional(static_cast<double>(when->systems)) : std::nullopt;
  };
  // The naive search takes more: it is the first.
  return compared({fmt::format("Naive search evaluates more systems until {} than search with supernets (here: naive "
                               "against supernets).",
                               at),
                   "about twice as many until 67 %", "", "", Verdict::cannot_be_told},
                  naive, supernet, until, number_text);
}

// log10 of the least flash at the best F1 that both reach.
Claim sounds(const Members& aware, const Members& fixed) {
  const double common = std::min(common_best(aware, Measure::f1), common_best(fixed, Measure::f1));
  const Value magnitude = [&](const Member& member) -> std::optional<double> {
    std::optional<double> least;
    for (const Candidate& c : front_systems(*member.run))
      if (c.measures[Measure::f1] >= common - 1e-9) {
        const double flash = std::log10(std::max(1.0, c.measures[Measure::flash_bytes]));
        least = std::min(least.value_or(flash), flash);
      }
    return least;
  };
  return compared(
      {fmt::format("On sounds, hardware-aware search needs more flash than data-aware search for the same F1 "
                   "({}; here: log10 of bytes, hardware-aware against data-aware).",
                   aware.empty() || fixed.empty() ? "the best that both reach" : percent(common, 1)),
       "more than four orders of magnitude, at an F1 of 1", "", "", Verdict::cannot_be_told},
      fixed, aware, magnitude, number_text);
}

}  // namespace

std::vector<Claim> claims(const Comparison& comparison) {
  const Members aware = comparison.on_images(Role::data_aware, DeviceSize::large);
  const Members fixed = comparison.on_images(Role::hardware_aware, DeviceSize::large);
  const Members naive = comparison.on_images(Role::naive, DeviceSize::large);
  const Verdict unknown = Verdict::cannot_be_told;
  const bool both = !aware.empty() && !fixed.empty();
  const double threshold = both ? front_threshold(aware, fixed) : 0;
  return {
      compared(
          {"Data-aware search finds a more accurate system than hardware-aware search (large device, test accuracy "
           "of the best by validation).",
           "79.5 % against 77.6 %", "", "", unknown},
          aware, fixed, best_score, percent_points),
      compared({fmt::format("It leaves more systems to choose from: those on the front with at least {} accuracy.",
                            both ? percent(threshold, 0) : "what every run reaches"),
                "22 against 4 above 75 %", "", "", unknown},
               aware, fixed, systems_above(threshold), number_text),
      compared({fmt::format("It is ahead throughout the search: fitness, mean of {} systems, over the whole search.",
                            averaged_systems),
                "ahead at any time (figure 6)", "", "", unknown},
               aware, fixed, mean_fitness, number_text),
      compared({"It finds more of its front early: the share found, on average over the search's images.",
                "more in short searches (figure 7)", "", "", unknown},
               aware, fixed, found_early, percent_points),
      each_device(comparison),
      evaluations(aware, naive),
      compared({"Search with supernets finds a more accurate system than naive search.", "79.5 % against at most 70 %",
                "", "", unknown},
               aware, naive, best_score, percent_points),
      sounds(comparison.on_sounds(Role::data_aware), comparison.on_sounds(Role::hardware_aware))};
}

}  // namespace danas::report
