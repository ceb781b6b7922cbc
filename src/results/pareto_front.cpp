#include "results/pareto_front.hpp"

#include <algorithm>

namespace danas {

std::vector<double> objective_values(const Measures& measures, const Objectives& objectives) {
  std::vector<double> values;
  values.reserve(objectives.size());
  for (const Measure measure : objectives)
    values.push_back(info(measure).better == Better::more ? measures[measure] : -measures[measure]);
  return values;
}

bool covers(const std::vector<double>& a, const std::vector<double>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] < b[i]) return false;
  return true;
}

bool ParetoFront::insert(std::int64_t id, const Measures& measures) {
  std::vector<double> added = objective_values(measures, objectives_);
  for (const Member& member : members_)
    if (covers(member.values, added)) return false;
  left_.clear();
  std::erase_if(members_, [&](const Member& member) {
    if (!covers(added, member.values)) return false;
    left_.push_back(member.id);
    return true;
  });
  members_.push_back({id, std::move(added)});
  return true;
}

std::vector<std::int64_t> ParetoFront::ids() const {
  std::vector<std::int64_t> ids;
  for (const Member& member : members_) ids.push_back(member.id);
  return ids;
}

std::vector<std::size_t> front_of(const std::vector<Candidate>& candidates, const Objectives& objectives,
                                  bool violators) {
  ParetoFront front(objectives);
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (candidates[i].competes(violators)) front.insert(static_cast<std::int64_t>(i), candidates[i].measures);
  std::vector<std::size_t> indices;
  for (const std::int64_t index : front.ids()) indices.push_back(static_cast<std::size_t>(index));
  return indices;
}

}  // namespace danas
