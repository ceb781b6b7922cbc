#include "nas/run_directory.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/utf8.hpp"
#include "nas/candidate_fields.hpp"
#include "nas/resume_check.hpp"
#include "results/candidate_table.hpp"

namespace danas {

namespace fs = std::filesystem;

namespace {

bool empty_or_absent(const fs::path& directory) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(directory, ignored))) return true;
  return fs::is_directory(directory, ignored) && fs::is_empty(directory, ignored);
}

// A torn last line is dropped; a table of an older version gets the columns of this one.
std::vector<Candidate> recover_candidates(const fs::path& file) {
  const CsvTable table = CsvTable::read(file, CsvTail::drop);
  refuse_unknown_columns(table);
  std::vector<Candidate> candidates = read_candidates(table);
  std::string whole = csv_line(candidate_columns());
  for (std::size_t row = 0; row < candidates.size(); ++row) {
    system_of(candidates[row], table.where(row));  // throws where it names none
    whole += csv_line(candidate_fields(candidates[row]));
  }
  if (table.dropped_tail() || table.columns() != candidate_columns()) write_file(file, whole);
  return candidates;
}

}  // namespace

void check_new_run(const fs::path& directory) {
  if (!empty_or_absent(directory))
    throw expected(directory.string(), "a folder that does not exist yet", "one that is there");
  check_creatable(directory);
}

RunDirectory::RunDirectory(const fs::path& directory, const Experiment& experiment, const std::string& machine,
                           const Build& build, bool resume, bool any_build)
    : files_(directory), new_trainings_(files_.training()), new_candidates_(files_.candidates()),
      new_finals_(files_.finals()), new_tests_(files_.tests()) {
  if (!resume) check_new_run(directory);
  if (resume && !empty_or_absent(directory) && !fs::is_directory(files_.state()))
    throw expected(directory.string(), "a run directory of danas", "something else");
  make_folder(files_.state());
  lock_ = std::make_unique<RunLock>(files_.lock());
  if (fs::exists(files_.experiment())) {
    check_same_experiment(files_, experiment);
    check_same_build(files_, build, any_build);
  }
  remove_leftovers();
  create(experiment, machine, build);
  candidates_ = recover_candidates(files_.candidates());
  finals_ = recover_candidates(files_.finals());
  tests_ = recover_candidates(files_.tests());
}

// Also completes a directory whose creation was cut short, and records limits that a resume has raised.
void RunDirectory::create(const Experiment& experiment, const std::string& machine, const Build& build) {
  for (const fs::path& folder : {files_.models(), files_.supernets()}) make_folder(folder);
  const std::string columns = csv_line(candidate_columns());
  for (const fs::path& file : {files_.candidates(), files_.finals(), files_.tests()})
    if (!fs::exists(file)) write_file(file, columns);
  if (!fs::exists(files_.training())) write_file(files_.training(), csv_line(training_columns()));
  write_file(files_.build(), build_text(build) + "\n");
  const fs::path file = files_.experiment();
  if (fs::exists(file) && read_file(file).ends_with("\n" + experiment.to_toml())) return;
  write_file(file, fmt::format("# danas {}, {}\n# As resolved, with all defaults.\n", version_text(), machine) +
                       experiment.to_toml());
}

// Files that a killed process was writing aside.
void RunDirectory::remove_leftovers() const {
  for (const fs::path& folder : {files_.directory(), files_.models(), files_.supernets(), files_.state()}) {
    if (!fs::is_directory(folder)) continue;
    std::vector<fs::path> leftovers;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().filename().string().find(".part-") != std::string::npos) leftovers.push_back(entry.path());
    for (const fs::path& leftover : leftovers) remove_file(leftover);
  }
}

void RunDirectory::append_candidate(const Candidate& candidate) {
  new_candidates_.append(candidate_fields(candidate));
  candidates_.push_back(candidate);
}

void RunDirectory::append_final(const Candidate& candidate) {
  new_finals_.append(candidate_fields(candidate));
  finals_.push_back(candidate);
}

void RunDirectory::append_test(const Candidate& candidate) {
  new_tests_.append(candidate_fields(candidate));
  tests_.push_back(candidate);
}

void RunDirectory::append_training(const TrainingRow& row) { new_trainings_.append(training_fields(row)); }

void RunDirectory::flush() {
  for (RowFile* file : {&new_trainings_, &new_candidates_, &new_finals_, &new_tests_}) file->flush();
  for (const std::int64_t id : superseded_models_) {
    remove_file(files_.model(id));
    remove_file(files_.layers(id));
  }
  superseded_models_.clear();
  if (fs::exists(files_.log())) flush_file(files_.log());
}

void RunDirectory::keep_trainings(const std::function<bool(const Training&, std::int64_t)>& keep) {
  const CsvTable table = CsvTable::read(files_.training(), CsvTail::drop);
  table.require_columns(training_columns());
  const std::vector<TrainingRow> rows = read_trainings(table);
  std::string kept = csv_line(training_columns());
  bool dropped = table.dropped_tail();
  for (const TrainingRow& row : rows) {
    const bool stays = keep(row.training, row.step);
    if (stays) kept += csv_line(training_fields(row));
    dropped = dropped || !stays;
  }
  if (dropped) write_file(files_.training(), kept);
}

void RunDirectory::write_layers(std::int64_t id, const std::vector<LayerRow>& layers) {
  write_file(files_.layers(id), layer_table_text(layers));
}

void RunDirectory::keep_models(const std::set<std::int64_t>& ids) {
  std::set<std::string> names;
  for (const std::int64_t id : ids) {
    names.insert(files_.model(id).filename());
    names.insert(files_.layers(id).filename());
  }
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(files_.models()))
    if (!names.contains(entry.path().filename())) others.push_back(entry.path());
  for (const fs::path& other : others) remove_file(other);
}

void RunDirectory::write_front(const std::vector<FrontRow>& front) {
  std::string table = csv_line(front_columns());
  for (const FrontRow& row : front) table += csv_line(front_fields(row));
  write_file(files_.front(), table);
}

void RunDirectory::write_summary(const std::string& json) { write_file(files_.summary(), json); }

std::optional<std::string> RunDirectory::summary() const {
  if (!fs::exists(files_.summary())) return std::nullopt;
  return read_file(files_.summary());
}

void RunDirectory::remove_results() {
  remove_file(files_.front());
  remove_file(files_.summary());
}

bool RunDirectory::untouched() const {
  return candidates_.empty() && fs::is_empty(files_.supernets()) && !fs::exists(files_.unfinished_supernet());
}

void RunDirectory::remove() {
  lock_.reset();
  std::error_code code;
  fs::remove_all(files_.directory(), code);
}

void RunDirectory::log(const std::string& line) { append_text(files_.log(), printable(line) + "\n"); }

}  // namespace danas
