#include "report/run.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/file.hpp"
#include "results/candidate_table.hpp"

namespace danas::report {

namespace {

namespace fs = std::filesystem;

/// A file that a running or killed search may have left with half a last line.
CsvTable read_growing(Run& run, const fs::path& file) {
  CsvTable table = CsvTable::read(file, run.summary ? CsvTail::keep : CsvTail::drop);
  run.dropped_tail = run.dropped_tail || table.dropped_tail();
  return table;
}

void read_systems(Run& run) {
  for (Candidate& c : read_candidates(read_growing(run, run.files.candidates()))) {
    if (c.outcome == Outcome::diverged) run.diverged.push_back(c.id);
    else if (c.skipped()) run.skipped.push_back(c.id);
    else run.candidates.push_back(std::move(c));
  }
}

// A copied directory may lack what only a resume needs.
void read_finals(Run& run) {
  const fs::path file = run.files.finals();
  if (fs::exists(file)) run.finals = read_candidates(read_growing(run, file));
}

void read_front_rows(Run& run) {
  const fs::path file = run.files.front();
  run.front_from_file = fs::exists(file);
  if (!run.front_from_file) {
    for (const std::size_t i : front_of(run.candidates, run.settings.objectives, run.settings.violators))
      run.front.push_back({run.candidates[i], std::nullopt});
    return;
  }
  run.front = read_front(CsvTable::read(file));
  std::unordered_set<std::int64_t> ids;
  for (const Candidate& c : run.candidates) ids.insert(c.id);
  for (const FrontRow& row : run.front)
    if (!ids.contains(row.id) || row.outcome == Outcome::diverged || row.skipped())
      throw expected(file.string(), "systems of candidates.csv only", "id " + std::to_string(row.id));
}

// A search has hundreds of trainings of candidates, each on its own of no interest.
void read_curves(Run& run) {
  if (!fs::exists(run.files.training())) return;
  std::map<Training, std::size_t> places;
  for (const TrainingRow& row : read_trainings(read_growing(run, run.files.training()))) {
    if (row.training.phase == TrainingPhase::finetune || row.training.phase == TrainingPhase::scratch) continue;
    const auto [place, is_new] = places.emplace(row.training, run.curves.size());
    if (is_new) run.curves.push_back({row.training, {}});
    run.curves[place->second].rows.push_back(row);
  }
}

std::optional<std::size_t> find_best(const Run& run) {
  std::optional<std::size_t> best;
  const auto accuracy = [&](std::size_t i) { return run.front[i].measures[Measure::accuracy]; };
  for (std::size_t i = 0; i < run.front.size(); ++i) {
    if (!run.front[i].fits()) continue;
    if (run.summary && run.front[i].id == run.summary->best_id) return i;
    if (!best || accuracy(i) > accuracy(*best)) best = i;
  }
  return best;
}

}  // namespace

std::string directory_label(const fs::path& directory) {
  std::error_code code;
  fs::path whole = fs::weakly_canonical(directory, code);
  if (code || whole.filename().empty()) whole = directory;
  return whole.filename().empty() ? whole.string() : whole.filename().string();
}

const FrontRow* Run::final_of(std::int64_t id) const {
  if (!front_from_file) return nullptr;
  const auto place = std::find_if(front.begin(), front.end(), [&](const FrontRow& row) { return row.id == id; });
  return place == front.end() ? nullptr : &*place;
}

std::vector<Candidate> Run::latest() const {
  std::vector<Candidate> systems = candidates;
  for (Candidate& c : systems)
    if (const FrontRow* final = final_of(c.id)) c.measures.set(final->measures);
  return systems;
}

Run read_run(const fs::path& directory) {
  Run run;
  run.files = RunFiles(directory);
  run.label = directory_label(directory);
  const fs::path summary = run.files.summary(), experiment = run.files.experiment();
  if (fs::exists(summary)) run.summary = parse_summary(read_file(summary), summary.string());
  if (fs::exists(experiment)) run.settings = parse_settings(read_file(experiment), experiment.string());
  read_systems(run);
  read_finals(run);
  read_front_rows(run);
  run.best = find_best(run);
  read_curves(run);
  for (const FrontRow& row : run.front)
    if (fs::exists(run.files.layers(row.id)))
      run.layers[row.id] = read_layers(CsvTable::read(run.files.layers(row.id)));
  return run;
}

}  // namespace danas::report
