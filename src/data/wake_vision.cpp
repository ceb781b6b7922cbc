// Wake Vision as it lies on disk: wake_vision_SPLIT.csv with a row an image, images in SPLIT/.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/csv.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "data/codecs.hpp"
#include "data/file_dataset.hpp"
#include "data/housekeeping.hpp"
#include "data/listing.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

struct Row {
  std::string name, label;
};

// The next record, without spaces around its fields.
bool next_trimmed(CsvReader& reader, CsvFields& fields) {
  if (!reader.next(fields)) return false;
  for (std::string& field : fields) {
    field.erase(0, field.find_first_not_of(" \t"));
    field.erase(field.find_last_not_of(" \t") + 1);
  }
  return true;
}

std::size_t column_of(const CsvFields& header, const std::string& name, const CsvReader& reader) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  const std::string line = csv_line(header);
  throw reader.broken("a header with the columns 'filename' and 'person'", "'" + line.substr(0, line.size() - 1) + "'");
}

std::vector<Row> read_rows(const fs::path& csv, std::vector<Problem>& problems) {
  const std::string content = read_file(csv);
  CsvReader reader(csv.string(), content);
  CsvFields fields;
  next_trimmed(reader, fields);
  const std::size_t columns = fields.size(), name = column_of(fields, "filename", reader),
                    label = column_of(fields, "person", reader);
  const std::size_t problems_before = problems.size();
  std::vector<Row> rows;
  while (next_trimmed(reader, fields)) {
    if (fields.size() == columns && !fields[name].empty() && !fields[label].empty())
      rows.push_back({fs::path(fields[name]).filename().string(), fields[label]});
    else if (fields != CsvFields{""})
      problems.push_back({csv, "line " + std::to_string(reader.line()) + ": expected " + std::to_string(columns) +
                                   " fields with a file name and a label, got " +
                                   (fields.size() == columns ? "an empty one" : std::to_string(fields.size()))});
  }
  if (rows.empty())
    throw expected(csv.string() + ":2", "rows of a file name and a label",
                   problems.size() > problems_before ? "none; " + problems[problems_before].reason : "none");
  return rows;
}

class WakeVision : public FileDataset {
 public:
  WakeVision(const DataSettings& settings, const Progress& progress) {
    check_folder(settings.path);
    const std::string names[3] = {settings.train, settings.validation, settings.test};
    std::vector<Row> rows[3];
    for (int i = 0; i < 3; ++i) rows[i] = read_rows(csv_of(settings.path, names[i]), problems_);
    find_classes(rows[0]);
    for (int i = 0; i < 3; ++i) match(settings.path / names[i], std::exchange(rows[i], {}), samples_[i]);
    choose_positive(settings.positive);
    if (const std::string note = passed_over_.note(items_of(settings.kind)); !note.empty()) notes_.push_back(note);
    finish(settings, progress);
  }

 private:
  static fs::path csv_of(const fs::path& path, const std::string& split) {
    const fs::path csv = path / ("wake_vision_" + split + ".csv");
    std::error_code ignored;
    if (!fs::is_regular_file(csv, ignored))
      throw expected("data.path", "the file wake_vision_" + split + ".csv", "none in " + path.string() + advice);
    if (!fs::is_directory(path / split, ignored))
      throw expected("data.path", "the folder of images " + (path / split).string(), "none" + std::string(advice));
    return csv;
  }

  static void check_folder(const fs::path& path) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored))
      throw expected("data.path", "the folder of Wake Vision",
                     (path.empty() ? "no path" : "nothing at " + path.string()) + advice);
  }

  // 0 and 1 are "no person" and "person" where no more rows have another label than may be mistakes; else every label
  // is the name of a class.
  void find_classes(const std::vector<Row>& train) {
    const std::map<std::string, std::int32_t> binary = {{"0", 0}, {"1", 1}, {"no person", 0}, {"person", 1}};
    std::set<std::string> names;
    std::size_t others = 0;
    for (const Row& row : train) {
      others += !binary.contains(row.label);
      names.insert(row.label);
    }
    const bool numbered = names.contains("0") || names.contains("1");
    if (numbered && others <= std::max<std::size_t>(train.size() / 100, 10) && 2 * others < train.size()) {
      classes_ = {"no person", "person"};
      labels_ = binary;
    } else {
      classes_.assign(names.begin(), names.end());
      for (std::size_t i = 0; i < classes_.size(); ++i) labels_[classes_[i]] = static_cast<std::int32_t>(i);
    }
    if (classes_.size() < 2) throw expected("data.path", "at least two classes", "only '" + classes_.front() + "'");
  }

  void match(const fs::path& folder, const std::vector<Row>& rows, std::vector<Sample>& samples) {
    const Listing listing = list_folder(folder);
    const std::vector<std::string>& files = listing.files;
    passed_over_.add(listing.housekeeping);
    std::vector<bool> taken(files.size());  // by a row
    samples.reserve(std::min(rows.size(), files.size()));
    for (const Row& row : rows) {
      const auto file = std::lower_bound(files.begin(), files.end(), row.name);
      const bool found = file != files.end() && *file == row.name;
      const auto place = static_cast<std::size_t>(file - files.begin());
      const auto label = labels_.find(row.label);
      if (!found) problems_.push_back({folder / row.name, "listed in the CSV file, but there is no such image"});
      else if (taken[place]) problems_.push_back({folder / row.name, "listed twice in the CSV file"});
      else if (label == labels_.end()) problems_.push_back({folder / row.name, "unknown label '" + row.label + "'"});
      else samples.push_back({folder.string() + "/" + row.name, 0, label->second});
      if (found) taken[place] = true;
    }
    for (const std::string& name : listing.folders) problems_.push_back({folder / name, "a folder among the images"});
    for (std::size_t i = 0; i < files.size(); ++i)
      if (!taken[i]) report_unlabeled(folder / files[i]);
    std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.file < b.file; });
  }

  void report_unlabeled(const fs::path& file) {
    if (!has_image_extension(file) && is_label_file(file)) passed_over_.add(file.filename().string());
    else problems_.push_back({file, "no label in the CSV file"});
  }

  static constexpr const char* advice = "; download Wake Vision (wakevision.ai) and set data.path or $WAKE_VISION";
  std::map<std::string, std::int32_t> labels_;
  PassedOver passed_over_;
};

}  // namespace

std::unique_ptr<Dataset> open_wake_vision(const DataSettings& settings, const Progress& progress) {
  return std::make_unique<WakeVision>(settings, progress);
}

}  // namespace danas
