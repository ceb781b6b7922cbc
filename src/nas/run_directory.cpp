#include "nas/run_directory.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/utf8.hpp"

namespace danas {

namespace fs = std::filesystem;

namespace {

const CsvFields training_columns{"training", "step", "loss", "accuracy", "learning_rate", "seconds"};

bool empty_or_absent(const fs::path& directory) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(directory, ignored))) return true;
  return fs::is_directory(directory, ignored) && fs::is_empty(directory, ignored);
}

std::string without_limits(Experiment experiment) {
  experiment.search.hours.reset();
  experiment.search.systems.reset();
  return experiment.to_toml();
}

std::string first_difference(const std::string& a, const std::string& b) {
  std::size_t begin = 0;
  while (begin < a.size()) {
    const std::size_t end = a.find('\n', begin);
    const std::string line = a.substr(begin, end - begin);
    if (("\n" + b).find("\n" + line + "\n") == std::string::npos) return line;
    begin = end + 1;
  }
  return "";
}

}  // namespace

RunLock::RunLock(const fs::path& file) : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw Error(file.string(), std::string("cannot open: ") + std::strerror(errno), Fault::failure);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const bool held = errno == EWOULDBLOCK;
  ::close(descriptor_);
  if (held) throw Error(file.parent_path().parent_path().string(), "another danas is at work in this run directory");
  descriptor_ = -1;  // a file system without locks
}

RunLock::~RunLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void check_new_run(const fs::path& directory) {
  if (!empty_or_absent(directory))
    throw expected(directory.string(), "a folder that does not exist yet", "one that is there");
  check_creatable(directory);
}

RunDirectory::RunDirectory(fs::path directory, const Experiment& experiment, const std::string& machine,
                           const Build& build, bool resume, bool any_build)
    : directory_(std::move(directory)) {
  if (!resume) check_new_run(directory_);
  if (resume && !empty_or_absent(directory_) && !fs::is_directory(directory_ / "state"))
    throw expected(directory_.string(), "a run directory of danas", "something else");
  make_folder(directory_ / "state");
  lock_ = std::make_unique<RunLock>(directory_ / "state" / "lock");
  if (fs::exists(directory_ / "experiment.toml")) {
    check_same(experiment);
    check_build(build, any_build);
  }
  remove_leftovers();
  create(experiment, machine, build);
  candidates_ = read_candidates("candidates.csv");
  finals_ = read_candidates(fs::path("state") / "final.csv");
  tests_ = read_candidates(fs::path("state") / "test.csv");
}

// Also completes a directory whose creation was cut short, and records limits that a resume has raised.
void RunDirectory::create(const Experiment& experiment, const std::string& machine, const Build& build) {
  for (const char* folder : {"models", "supernets"}) make_folder(directory_ / folder);
  const std::string columns = csv_line(candidate_columns());
  for (const char* file : {"candidates.csv", "state/final.csv", "state/test.csv"})
    if (!fs::exists(directory_ / file)) write_file(directory_ / file, columns);
  if (!fs::exists(directory_ / "training.csv")) write_file(directory_ / "training.csv", csv_line(training_columns));
  write_file(directory_ / "state" / "build", build_text(build) + "\n");
  const fs::path file = directory_ / "experiment.toml";
  if (fs::exists(file) && read_file(file).ends_with("\n" + experiment.to_toml())) return;
  write_file(file, fmt::format("# danas {}, {}\n# As resolved, with all defaults.\n", version_text(), machine) +
                       experiment.to_toml());
}

void RunDirectory::check_same(const Experiment& experiment) const {
  const fs::path file = directory_ / "experiment.toml";
  const std::string before = without_limits(parse_experiment(read_file(file), file));
  const std::string now = without_limits(experiment);
  if (before != now)
    throw Error(directory_.string(),
                fmt::format("this run was started with another experiment (now `{}`, then `{}`); only search.hours and "
                            "search.systems may change",
                            first_difference(now, before), first_difference(before, now)));
}

void RunDirectory::check_build(const Build& build, bool any_build) const {
  const fs::path file = directory_ / "state" / "build";
  if (!fs::exists(file))
    throw Error(directory_.string(), "an older version began this run, which this one cannot go on with: start anew");
  const std::string line = read_file(file, 1000);
  const Build began = parse_build(line.substr(0, line.find('\n')), file.string());
  if (began.instruction_set != build.instruction_set)
    throw expected(directory_.string(), "the instruction set it began with, " + began.instruction_set,
                   build.instruction_set + "; other sums would give other results");
  if (began != build && !any_build)
    throw expected(directory_.string(), "the build it began with, " + build_text(began),
                   build_text(build) + "; results may differ, --any-build goes on with this one");
}

void RunDirectory::check_data(std::uint64_t fingerprint) const {
  const fs::path file = directory_ / "state" / "data";
  const std::string now = fmt::format("{:016x}\n", fingerprint);
  if (!fs::exists(file)) write_file(file, now);
  else if (read_file(file) != now)
    throw expected(directory_.string(), "the images it began with", "others: files were added, removed or changed");
}

// Files that a killed process was writing aside.
void RunDirectory::remove_leftovers() const {
  for (const fs::path& folder : {directory_, directory_ / "models", directory_ / "supernets", directory_ / "state"}) {
    if (!fs::is_directory(folder)) continue;
    std::vector<fs::path> leftovers;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().filename().string().find(".part-") != std::string::npos) leftovers.push_back(entry.path());
    for (const fs::path& leftover : leftovers) remove_file(leftover);
  }
}

std::vector<Candidate> RunDirectory::read_candidates(const fs::path& name) const {
  const fs::path path = directory_ / name;
  const CsvTable table = CsvTable::read(path, CsvTail::drop);
  const CsvFields& columns = candidate_columns();
  for (const std::string& column : table.columns())
    if (std::find(columns.begin(), columns.end(), column) == columns.end())
      throw expected(path.string() + ":1", "columns that this version knows", "\"" + column + "\"");
  std::vector<Candidate> candidates;
  std::string whole = csv_line(columns);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const CsvFields fields = candidate_row(table, row);
    candidates.push_back(parse_candidate(fields, table.where(row)));
    whole += csv_line(fields);
  }
  if (table.dropped_tail() || table.columns() != columns) write_file(path, whole);
  return candidates;
}

fs::path RunDirectory::supernet_file(const DataConfiguration& data) const {
  return directory_ / "supernets" / (data.text() + ".safetensors");
}

fs::path RunDirectory::model_file(std::int64_t id) const {
  return directory_ / "models" / (std::to_string(id) + ".safetensors");
}

fs::path RunDirectory::layers_file(std::int64_t id) const {
  return directory_ / "models" / (std::to_string(id) + ".layers.csv");
}

// A line that the disk had no room for is taken back, so that the file ends with a whole one.
void RunDirectory::append(const fs::path& name, const CsvFields& fields) const {
  const fs::path file = directory_ / name;
  const auto size = fs::file_size(file);
  try {
    append_line(file, csv_line(fields));
  } catch (const Error&) {
    std::error_code ignored;
    fs::resize_file(file, size, ignored);
    throw;
  }
}

void RunDirectory::append_candidate(const Candidate& candidate) {
  append("candidates.csv", candidate_fields(candidate));
  candidates_.push_back(candidate);
}

void RunDirectory::append_final(const Candidate& candidate) {
  append(fs::path("state") / "final.csv", candidate_fields(candidate));
  finals_.push_back(candidate);
}

void RunDirectory::append_test(const Candidate& candidate) {
  append(fs::path("state") / "test.csv", candidate_fields(candidate));
  tests_.push_back(candidate);
}

void RunDirectory::append_training(const std::string& training, const StepReport& report, double seconds) {
  append("training.csv", {training, std::to_string(report.step), fmt::format("{}", report.loss),
                          fmt::format("{}", report.accuracy), fmt::format("{}", report.learning_rate),
                          fmt::format("{:.3f}", seconds)});
}

void RunDirectory::keep_trainings(const std::function<bool(const std::string&, std::int64_t)>& keep) {
  const fs::path path = directory_ / "training.csv";
  const CsvTable table = CsvTable::read(path, CsvTail::drop);
  table.require_columns(training_columns);
  std::string kept = csv_line(training_columns);
  bool dropped = table.dropped_tail();
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const bool stays = keep(table.text(row, 0), table.count(row, 1));
    if (stays) kept += csv_line(table.row(row));
    dropped = dropped || !stays;
  }
  if (dropped) write_file(path, kept);
}

void RunDirectory::write_layers(std::int64_t id, const LayerList& layers, const Device& device) {
  std::string table = csv_line({"name", "kind", "in_height", "in_width", "in_channels", "out_height", "out_width",
                                "out_channels", "parameters", "parameters_folded", "macs", "ram_bytes", "flash_bytes"});
  const auto text = [](long long number) { return std::to_string(number); };
  for (const Layer& layer : layer_table(layers))
    table += csv_line({layer.name, layer.kind, text(layer.in.height), text(layer.in.width), text(layer.in.channels),
                       text(layer.out.height), text(layer.out.width), text(layer.out.channels), text(layer.parameters),
                       text(layer.parameters_folded), text(layer.macs),
                       text(layer_ram(layer, device.activation_bytes)),
                       text(layer.parameters_folded * device.parameter_bytes)});
  write_file(layers_file(id), table);
}

void RunDirectory::remove_model(std::int64_t id) {
  remove_file(model_file(id));
  remove_file(layers_file(id));
}

void RunDirectory::keep_models(const std::set<std::int64_t>& ids) {
  std::set<std::string> names;
  for (const std::int64_t id : ids) {
    names.insert(model_file(id).filename());
    names.insert(layers_file(id).filename());
  }
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(directory_ / "models"))
    if (!names.contains(entry.path().filename())) others.push_back(entry.path());
  for (const fs::path& other : others) remove_file(other);
}

void RunDirectory::write_front(const std::vector<Candidate>& front, const std::vector<Candidate>& tests) {
  CsvFields columns = candidate_columns();
  for (const char* column : {"test_accuracy", "test_precision", "test_recall", "test_f1"}) columns.push_back(column);
  std::string table = csv_line(columns);
  for (std::size_t i = 0; i < front.size(); ++i) {
    CsvFields fields = candidate_fields(front[i]);
    const Metrics& test = tests[i].metrics;
    for (const double value : {test.accuracy, test.precision, test.recall, test.f1})
      fields.push_back(fmt::format("{}", value));
    table += csv_line(fields);
  }
  write_file(directory_ / "front.csv", table);
}

void RunDirectory::write_summary(const std::string& json) { write_file(directory_ / "summary.json", json); }

std::optional<std::string> RunDirectory::summary() const {
  const fs::path file = directory_ / "summary.json";
  if (!fs::exists(file)) return std::nullopt;
  return read_file(file);
}

void RunDirectory::remove_results() {
  remove_file(directory_ / "front.csv");
  remove_file(directory_ / "summary.json");
}

bool RunDirectory::untouched() const {
  return candidates_.empty() && fs::is_empty(directory_ / "supernets") && !fs::exists(supernet_state_file());
}

void RunDirectory::remove() {
  lock_.reset();
  std::error_code code;
  fs::remove_all(directory_, code);
}

void RunDirectory::log(const std::string& line) { append_line(directory_ / "log.txt", printable(line) + "\n"); }

namespace {

fs::path numbered(const std::string& name, int number) {
  return runs_folder / (number == 1 ? name : name + "-" + std::to_string(number));
}

// The number of the newest run of that name; 0: there is none.
int newest_number(const std::string& name) {
  int newest = 0;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(runs_folder, code)) {
    const std::string found = entry.path().filename();
    if (found == name) newest = std::max(newest, 1);
    if (!found.starts_with(name + "-") || !entry.is_directory()) continue;
    const std::string digits = found.substr(name.size() + 1);
    const bool number = !digits.empty() && digits.size() < 9 && digits[0] != '0' &&
                        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (number) newest = std::max(newest, std::stoi(digits));
  }
  return newest;
}

}  // namespace

fs::path create_run_directory(const std::string& name) {
  make_folder(runs_folder);
  for (;;) {
    const fs::path directory = numbered(name, newest_number(name) + 1);
    std::error_code code;
    if (fs::create_directory(directory, code)) return directory;
    if (code) throw Error(directory.string(), "cannot create the folder: " + code.message(), Fault::failure);
  }
}

fs::path newest_run_directory(const std::string& name) {
  const int number = newest_number(name);
  if (number == 0)
    throw expected("--resume", "a run directory runs/" + name + " below the working directory", "none");
  return numbered(name, number);
}

}  // namespace danas
