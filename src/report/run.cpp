#include "report/run.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

#include "base/csv.hpp"
#include "base/file.hpp"
#include "report/front.hpp"

namespace danas::report {

namespace {

/// Ids become file names and anchors.
bool is_plain_name(const std::string& id) {
  constexpr std::string_view signs = "-_.";
  return !id.empty() && id.size() <= 64 && id[0] != '.' && std::all_of(id.begin(), id.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || signs.find(c) != signs.npos;
  });
}

struct ScoreColumns {
  std::size_t accuracy, precision, recall, f1;

  ScoreColumns(const CsvTable& table, const std::string& prefix)
      : accuracy(table.column(prefix + "accuracy")), precision(table.column(prefix + "precision")),
        recall(table.column(prefix + "recall")), f1(table.column(prefix + "f1")) {}

  Scores read(const CsvTable& table, std::size_t row) const {
    return {table.share(row, accuracy), table.share(row, precision), table.share(row, recall), table.share(row, f1)};
  }
};

/// The column status; rows of a version without it were evaluated.
std::string read_status(const CsvTable& table, std::size_t row) {
  constexpr std::string_view known[] = {"evaluated", "twin", "diverged", "fallback"};
  const auto column = table.find_column("status");
  if (!column) return "evaluated";
  const std::string& status = table.text(row, *column);
  if (std::find(std::begin(known), std::end(known), status) == std::end(known))
    throw table.unexpected(row, *column, "evaluated, twin, diverged or fallback");
  return status;
}

/// Those that diverged are left out; their ids go to `diverged`.
std::vector<Candidate> read_candidates(const CsvTable& table, std::vector<std::string>& diverged) {
  const std::size_t id = table.column("id"), generation = table.column("generation"), origin = table.column("origin"),
                    data = table.column("data"), architecture = table.column("architecture"),
                    split = table.column("split"), parameters = table.column("parameters"), macs = table.column("macs"),
                    ram = table.column("ram_bytes"), flash = table.column("flash_bytes"),
                    ram_violation = table.column("ram_violation"), flash_violation = table.column("flash_violation"),
                    fitness = table.column("fitness"), elapsed = table.column("elapsed_seconds");
  const ScoreColumns scores(table, "");
  std::optional<ScoreColumns> test;
  if (table.find_column("test_accuracy")) test.emplace(table, "test_");

  const auto twin_of = table.find_column("twin_of");

  std::vector<Candidate> candidates;
  std::unordered_set<std::string> ids;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    Candidate c;
    c.id = table.text(row, id);
    if (!is_plain_name(c.id)) throw table.unexpected(row, id, "letters, digits, - and _");
    if (!ids.insert(c.id).second) throw table.unexpected(row, id, "a system not listed before");
    c.generation = table.count(row, generation);
    c.origin = table.text(row, origin);
    c.data = table.text(row, data);
    c.architecture = table.text(row, architecture);
    c.split = table.text(row, split);
    c.scores = scores.read(table, row);
    if (test && !table.text(row, test->accuracy).empty()) c.test = test->read(table, row);
    c.parameters = table.count(row, parameters);
    c.macs = table.count(row, macs);
    c.ram_bytes = table.count(row, ram);
    c.flash_bytes = table.count(row, flash);
    c.ram_violation = table.count(row, ram_violation);
    c.flash_violation = table.count(row, flash_violation);
    c.fitness = table.number(row, fitness);
    c.elapsed_seconds = table.number(row, elapsed);
    if (twin_of) c.twin_of = table.text(row, *twin_of);
    const std::string status = read_status(table, row);
    c.fallback = status == "fallback";
    if (status == "diverged") diverged.push_back(c.id);
    else candidates.push_back(std::move(c));
  }
  return candidates;
}

std::vector<Training> read_trainings(const CsvTable& table) {
  const std::size_t training = table.column("training"), step = table.column("step"), loss = table.column("loss"),
                    accuracy = table.column("accuracy");
  std::vector<Training> trainings;
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const TrainingPoint point{table.number(row, step), table.measurement(row, loss), table.measurement(row, accuracy)};
    const std::string& name = table.text(row, training);
    // A search has hundreds of short fine-tunings, each on its own of no interest.
    if (name.starts_with("finetune")) continue;
    const auto [place, is_new] = places.emplace(name, trainings.size());
    if (is_new) trainings.push_back({name, {}});
    trainings[place->second].points.push_back(point);
  }
  return trainings;
}

std::vector<Layer> read_layers(const CsvTable& table) {
  const std::size_t name = table.column("name"), kind = table.column("kind");
  const std::size_t in[3] = {table.column("in_height"), table.column("in_width"), table.column("in_channels")};
  const std::size_t out[3] = {table.column("out_height"), table.column("out_width"), table.column("out_channels")};
  const std::size_t parameters = table.column("parameters"), folded = table.column("parameters_folded"),
                    macs = table.column("macs"), ram = table.column("ram_bytes"), flash = table.column("flash_bytes");
  std::vector<Layer> rows(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto count = [&](std::size_t column) { return table.count(row, column); };
    rows[row] = {table.text(row, name), table.text(row, kind), count(in[0]), count(in[1]), count(in[2]), count(out[0]),
                 count(out[1]), count(out[2]), count(parameters), count(folded), count(macs), count(ram), count(flash)};
  }
  return rows;
}

void check_front(const Run& run, const std::string& where) {
  std::unordered_set<std::string> ids;
  for (const Candidate& c : run.candidates) ids.insert(c.id);
  for (const Candidate& c : run.front)
    if (!ids.contains(c.id)) throw expected(where, "systems of candidates.csv only", "id " + c.id);
}

std::optional<std::size_t> find_best(const Run& run) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < run.front.size(); ++i) {
    const Candidate& c = run.front[i];
    if (!c.fits()) continue;
    if (run.summary && c.id == run.summary->best_id) return i;
    if (!best || c.scores.accuracy > run.front[*best].scores.accuracy) best = i;
  }
  return best;
}

std::string directory_label(const std::filesystem::path& directory) {
  std::error_code code;
  std::filesystem::path whole = std::filesystem::weakly_canonical(directory, code);
  if (code || whole.filename().empty()) whole = directory;
  return whole.filename().empty() ? whole.string() : whole.filename().string();
}

}  // namespace

const Candidate* Run::final_of(const std::string& id) const {
  if (!front_from_file) return nullptr;
  const auto place = std::find_if(front.begin(), front.end(), [&](const Candidate& c) { return c.id == id; });
  return place == front.end() ? nullptr : &*place;
}

std::vector<Candidate> Run::latest() const {
  std::vector<Candidate> systems = candidates;
  for (Candidate& c : systems)
    if (const Candidate* final = final_of(c.id)) c.scores = final->scores;
  return systems;
}

Run read_run(const std::filesystem::path& directory) {
  namespace fs = std::filesystem;
  const auto file = [&](const char* name) { return directory / name; };
  Run run;
  run.directory = directory;
  run.label = directory_label(directory);
  if (fs::exists(file("summary.json")))
    run.summary = parse_summary(read_file(file("summary.json")), file("summary.json").string());
  if (fs::exists(file("experiment.toml")))
    run.settings = parse_settings(read_file(file("experiment.toml")), file("experiment.toml").string());

  const CsvTail tail = run.summary ? CsvTail::keep : CsvTail::drop;
  const CsvTable candidates = CsvTable::read(file("candidates.csv"), tail);
  run.candidates = read_candidates(candidates, run.diverged);
  run.dropped_tail = candidates.dropped_tail();
  run.front_from_file = fs::exists(file("front.csv"));
  if (run.front_from_file) {
    std::vector<std::string> none;  // check_front() finds any
    run.front = read_candidates(CsvTable::read(file("front.csv")), none);
    check_front(run, file("front.csv").string());
  } else {
    for (const std::size_t i : front_within_limits(run.candidates)) run.front.push_back(run.candidates[i]);
  }
  run.best = find_best(run);
  if (fs::exists(file("training.csv"))) {
    const CsvTable trainings = CsvTable::read(file("training.csv"), tail);
    run.trainings = read_trainings(trainings);
    run.dropped_tail = run.dropped_tail || trainings.dropped_tail();
  }
  for (const Candidate& c : run.front) {
    const fs::path layers = directory / "models" / (c.id + ".layers.csv");
    if (fs::exists(layers)) run.layers[c.id] = read_layers(CsvTable::read(layers));
  }
  return run;
}

}  // namespace danas::report
