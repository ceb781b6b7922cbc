#include "report/rank_correlations.hpp"

#include <map>
#include <string>

namespace danas::report {

namespace {

constexpr std::uint64_t bootstrap_seed = 1;

using Accuracies = std::map<std::string, double>;  // by system

// Those that it evaluates are the better ones, the longer it goes on.
bool breeds(const Settings& settings) { return settings.strategy == "genetic" || settings.strategy == "nsga2"; }

// Where a system was evaluated several times, the first.
Accuracies accuracies_of(const Run& run) {
  Accuracies accuracies;
  for (const Candidate& c : run.candidates)
    if (c.twin_of == 0) accuracies.emplace(c.system_text(), c.measures[Measure::accuracy]);
  return accuracies;
}

using Columns = std::vector<std::vector<double>>;

/// The values of the systems that all have, a column each.
Columns in_common(const std::vector<const Accuracies*>& all) {
  Columns columns(all.size());
  for (const auto& [system, accuracy] : *all.front()) {
    std::vector<double> values{accuracy};
    for (std::size_t i = 1; i < all.size(); ++i)
      if (const auto found = all[i]->find(system); found != all[i]->end()) values.push_back(found->second);
    if (values.size() < all.size()) continue;
    for (std::size_t i = 0; i < all.size(); ++i) columns[i].push_back(values[i]);
  }
  return columns;
}

class Ranking {
 public:
  explicit Ranking(const std::vector<Member>& members) : members_(members) {
    for (const Member& member : members) accuracies_.push_back(accuracies_of(*member.run));
  }

  /// Of those that `keep` holds, the member with most systems in common; none below least_ranked.
  template <class Keep>
  std::optional<std::size_t> nearest(std::size_t to, Keep keep) const {
    std::optional<std::size_t> best;
    std::size_t most = least_ranked - 1;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (i == to || breeds(settings(i)) || !same_images(i, to) || !keep(i)) continue;
      const std::size_t systems = in_common({&accuracies_[to], &accuracies_[i]})[0].size();
      if (systems > most) best = i, most = systems;
    }
    return best;
  }

  std::optional<RankCorrelation> of(std::size_t run) const {
    if (breeds(settings(run))) return std::nullopt;
    const bool itself = settings(run).from_scratch;
    const auto scratch = nearest(run, [&](std::size_t i) { return settings(i).from_scratch && (!itself || i < run); });
    if (!scratch) return std::nullopt;
    const Columns columns = in_common({&accuracies_[run], &accuracies_[*scratch]});
    RankCorrelation result{members_[run], members_[*scratch]};
    result.systems = columns[0].size();
    result.accuracy = spread_of(columns[0]).mean;
    result.scratch_accuracy = spread_of(columns[1]).mean;
    result.tau = kendall_tau(columns[0], columns[1]);
    result.interval = tau_interval(columns[0], columns[1], bootstrap_seed);
    result.over_plain = over_plain(run, *scratch);
    return result;
  }

 private:
  const Settings& settings(std::size_t i) const { return members_[i].run->settings; }

  // The accuracies are of the same images.
  bool same_images(std::size_t a, std::size_t b) const {
    return settings(a).data == settings(b).data && members_[a].run->split() == members_[b].run->split();
  }

  std::optional<TauDifference> over_plain(std::size_t run, std::size_t scratch) const {
    const Settings& own = settings(run);
    if (own.network_switches.empty()) return std::nullopt;
    const auto plain = nearest(run, [&](std::size_t i) {
      return settings(i).switches.empty() && settings(i).training == own.training && settings(i).seed == own.seed;
    });
    if (!plain) return std::nullopt;
    const Columns columns = in_common({&accuracies_[run], &accuracies_[*plain], &accuracies_[scratch]});
    if (columns[0].size() < least_ranked) return std::nullopt;
    return TauDifference{kendall_tau(columns[0], columns[2]) - kendall_tau(columns[1], columns[2]),
                         tau_difference_interval(columns[0], columns[1], columns[2], bootstrap_seed)};
  }

  const std::vector<Member>& members_;
  std::vector<Accuracies> accuracies_;
};

}  // namespace

std::vector<RankCorrelation> rank_correlations(const Comparison& comparison) {
  const Ranking ranking(comparison.members());
  std::vector<RankCorrelation> result;
  for (std::size_t i = 0; i < comparison.members().size(); ++i)
    if (const auto found = ranking.of(i)) result.push_back(*found);
  return result;
}

std::optional<FinalRanks> final_ranks(const Run& run) {
  std::map<std::int64_t, double> before;
  for (const Candidate& c : run.candidates) before.emplace(c.id, c.measures[Measure::accuracy]);
  std::vector<double> searched, finals;
  for (const Candidate& c : run.finals) {
    if (c.outcome == Outcome::fallback || !before.contains(c.id)) continue;
    searched.push_back(before.at(c.id));
    finals.push_back(c.measures[Measure::accuracy]);
  }
  if (finals.size() < least_final) return std::nullopt;
  return FinalRanks{finals.size(), kendall_tau(searched, finals), tau_interval(searched, finals, bootstrap_seed)};
}

}  // namespace danas::report
