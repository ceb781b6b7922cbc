#include "report/regret.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "report/front_volume.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

double accuracy(const Candidate& candidate) { return candidate.measures[Measure::accuracy]; }

bool evaluated_all(const Run& run) {
  const auto rows = static_cast<std::int64_t>(run.candidates.size() + run.skipped.size() + run.diverged.size());
  return run.settings.strategy == "exhaustive" && rows == run.settings.systems;
}

double best_of(const std::vector<Candidate>& candidates) {
  double best = 0;
  for (const Candidate& c : candidates)
    if (c.fits()) best = std::max(best, accuracy(c));
  return best;
}

std::optional<double> volume(const Run& run, const std::vector<Candidate>& candidates) {
  std::vector<Measures> front;
  for (const std::size_t i : front_of(candidates, default_objectives)) front.push_back(candidates[i].measures);
  return front_volume(run, front);
}

/// All systems of a space with their accuracies.
class Truth {
 public:
  explicit Truth(const Member& whole)
      : whole_(whole), best_(best_of(whole.run->candidates)), volume_(volume(*whole.run, whole.run->candidates)) {
    for (const Candidate& c : whole.run->candidates) accuracies_.emplace(c.system_text(), accuracy(c));
  }

  double best() const { return best_; }

  bool holds_for(const Run& run) const {
    const Settings &own = whole_.run->settings, &other = run.settings;
    return own.data == other.data && own.space == other.space && own.ram_limit == other.ram_limit &&
           own.flash_limit == other.flash_limit && !run.candidates.empty() &&
           std::all_of(run.candidates.begin(), run.candidates.end(), [&](const Candidate& c) {
             const auto found = accuracies_.find(c.system_text());
             return found != accuracies_.end() && found->second == accuracy(c);
           });
  }

  Regret regret_of(const Run& run) const {
    Regret regret;
    std::vector<Candidate> seen;
    double best = 0;
    for (const Candidate& c : run.candidates) {
      if (c.twin_of != 0) continue;
      seen.push_back(c);
      if (c.fits()) best = std::max(best, accuracy(c));
      regret.after.push_back(best_ - best);
      for (std::size_t i = 0; i < told_systems.size(); ++i)
        if (seen.size() == told_systems[i]) regret.covered[i] = share(volume(*whole_.run, seen));
    }
    return regret;
  }

 private:
  // Where nothing within the limits was found, nothing is covered.
  std::optional<double> share(const std::optional<double>& covered) const {
    if (!volume_ || *volume_ == 0) return std::nullopt;
    return covered.value_or(0) / *volume_;
  }

  const Member& whole_;
  std::map<std::string, double> accuracies_;
  double best_;
  std::optional<double> volume_;
};

Figure figure_of(const Regrets& all, std::size_t number) {
  Chart chart;
  chart.title = "regret over the search";
  chart.x = {"systems evaluated", Reading::number, true};
  chart.y = {"accuracy below the best of all, mean over the searches", Reading::percent, true};
  for (std::size_t i = 0; i < all.groups.size(); ++i) {
    const RegretGroup& group = all.groups[i];
    Series line{group.name, group.name, look(i), Join::steps, false, {}};
    Series marks{group.name, "", look(i), Join::none, true, {}};
    for (std::size_t systems = 1; group.after(systems).count == group.searches.size(); ++systems) {
      const Spread spread = group.after(systems);
      line.marks.push_back({static_cast<double>(systems), spread.mean});
      if (std::find(told_systems.begin(), told_systems.end(), systems) != told_systems.end())
        marks.marks.push_back({static_cast<double>(systems), spread.mean,
                               fmt::format("{}, {} systems: {} ± {} ({} searches)", group.name, systems,
                                           percent(spread.mean), percent(spread.deviation), spread.count)});
    }
    chart.series.push_back(line);
    chart.series.push_back(marks);
  }
  return {number == 1 ? "regret" : fmt::format("regret-{}", number),
          fmt::format(
              "Mean regret: by how much the accuracy of the best system so far is below {}, that of the best of all "
              "{} systems of the space, which {} evaluated",
              percent(all.best), all.whole.run->settings.systems, all.whole.name),
          false, chart};
}

}  // namespace

Spread RegretGroup::after(std::size_t systems) const {
  std::vector<double> values;
  for (const Regret& each : searches)
    if (systems > 0 && systems <= each.after.size()) values.push_back(each.after[systems - 1]);
  return spread_of(values);
}

Spread RegretGroup::covered(std::size_t told) const {
  std::vector<double> values;
  for (const Regret& each : searches)
    if (each.covered[told]) values.push_back(*each.covered[told]);
  return spread_of(values);
}

std::vector<Regrets> regrets(const Comparison& comparison) {
  std::vector<Regrets> result;
  for (const Member& whole : comparison.members()) {
    if (!evaluated_all(*whole.run)) continue;
    const Truth truth(whole);
    std::map<std::pair<std::string, std::string>, RegretGroup> groups;
    for (const Member& member : comparison.members()) {
      const Settings& settings = member.run->settings;
      if (evaluated_all(*member.run) || !truth.holds_for(*member.run)) continue;
      RegretGroup& group = groups[{settings.strategy, settings.name}];
      group.name = settings.name;
      group.strategy = settings.strategy;
      group.searches.push_back(truth.regret_of(*member.run));
    }
    if (groups.empty()) continue;
    result.push_back({whole, truth.best(), {}});
    for (const auto& [key, group] : groups) result.back().groups.push_back(group);
  }
  return result;
}

std::vector<Figure> regret_figures(const std::vector<Regrets>& all) {
  std::vector<Figure> figures;
  for (const Regrets& each : all) figures.push_back(figure_of(each, figures.size() + 1));
  return figures;
}

}  // namespace danas::report
