#include <algorithm>
#include <fstream>
#include <set>
#include <sys/stat.h>

#include "base/utf8.hpp"
#include "data/codecs.hpp"
#include "data/init.hpp"
#include "support.hpp"

namespace danas::test {

namespace fs = std::filesystem;

namespace {

// Wake Vision with `count` images a split, odd ones persons, and CSV files.
void make_wake_vision(const fs::path& root, int count) {
  const Dataset::Pixels pixels = smooth_pixels(20, 16, 3);
  for (const char* const split : {"train", "validation", "test"}) {
    std::string csv = "filename,person\n";
    fs::create_directories(root / split);
    for (int i = 0; i < count; ++i) {
      const std::string name = std::to_string(1000 + i) + ".png";
      write_png(root / split / name, pixels);
      csv += name + "," + std::to_string(i % 2) + "\n";
    }
    write(root / ("wake_vision_" + std::string(split) + ".csv"), csv);
  }
}

DataSettings wake_vision_settings(const fs::path& root) {
  DataSettings settings;
  settings.kind = DatasetKind::wake_vision;
  settings.path = root;
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(datasets)

BOOST_AUTO_TEST_CASE(wake_vision_loads) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 6);
  const auto dataset = open_dataset(wake_vision_settings(folder.path()), 1);
  BOOST_CHECK((dataset->classes() == std::vector<std::string>{"no person", "person"}));
  BOOST_CHECK_EQUAL(dataset->positive_class(), 1);
  BOOST_CHECK(dataset->problems().empty());
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    BOOST_REQUIRE_EQUAL(dataset->samples(split).size(), 6u);
    for (std::size_t i = 0; i < 6; ++i) BOOST_CHECK_EQUAL(dataset->samples(split)[i].label, static_cast<int>(i % 2));
  }
  BOOST_CHECK_EQUAL(dataset->decode(dataset->samples(Split::test)[3]).width, 20);
}

BOOST_AUTO_TEST_CASE(wake_vision_other_columns_paths_and_quotes) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 3);
  write(folder.path() / "wake_vision_train.csv", "\xEF\xBB\xBF"
                                                 "id,person,filename,note\r\n7,1,some/where/1000.png,\"a, b\"\r\n"
                                                 "8,0,\"1001.png\",\r\n9,person,1002.png,x\r\n");
  const auto dataset = open_dataset(wake_vision_settings(folder.path()), 1);
  const auto& samples = dataset->samples(Split::train);
  BOOST_REQUIRE_EQUAL(samples.size(), 3u);
  BOOST_CHECK_EQUAL(samples[0].label, 1);
  BOOST_CHECK_EQUAL(samples[1].label, 0);
  BOOST_CHECK_EQUAL(samples[2].label, 1);
}

BOOST_AUTO_TEST_CASE(wake_vision_more_classes) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 3);
  for (const char* const split : {"train", "validation", "test"})
    write(folder.path() / ("wake_vision_" + std::string(split) + ".csv"),
          "filename,person\n1000.png,child\n1001.png,adult\n1002.png,nobody\n");
  DataSettings settings = wake_vision_settings(folder.path());
  settings.positive = "child";
  const auto dataset = open_dataset(settings, 1);
  BOOST_CHECK((dataset->classes() == std::vector<std::string>{"adult", "child", "nobody"}));
  BOOST_CHECK_EQUAL(dataset->positive_class(), 1);
  BOOST_CHECK_EQUAL(dataset->samples(Split::test)[2].label, 2);
  settings.positive = "dog";
  check_error([&] { open_dataset(settings, 1); }, {"data.positive", "'child'", "'dog'"});
}

// The labels 0, 1, 0, 1, … of 30 rows, the last `others` replaced by 2.
std::string numbered_rows(int others) {
  std::string csv = "filename,person\n";
  for (int i = 0; i < 30; ++i)
    csv += std::to_string(1000 + i) + ".png," + std::to_string(i < 30 - others ? i % 2 : 2) + "\n";
  return csv;
}

BOOST_AUTO_TEST_CASE(wake_vision_numbered_classes) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 30);
  for (const char* const split : {"train", "validation", "test"})
    write(folder.path() / ("wake_vision_" + std::string(split) + ".csv"), numbered_rows(11));
  const auto dataset = open_dataset(wake_vision_settings(folder.path()), 1);
  BOOST_CHECK((dataset->classes() == std::vector<std::string>{"0", "1", "2"}));
  BOOST_CHECK(dataset->problems().empty());
  BOOST_CHECK_EQUAL(dataset->samples(Split::test).size(), 30u);
  BOOST_CHECK_EQUAL(dataset->samples(Split::test)[29].label, 2);
}

BOOST_AUTO_TEST_CASE(wake_vision_few_other_labels_are_problems) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 30);
  write(folder.path() / "wake_vision_train.csv", numbered_rows(10));
  const auto dataset = open_dataset(wake_vision_settings(folder.path()), 1);
  BOOST_CHECK((dataset->classes() == std::vector<std::string>{"no person", "person"}));
  BOOST_CHECK_EQUAL(dataset->problems().size(), 10u);
  BOOST_CHECK(has_problem(*dataset, "1029.png: unknown label '2'"));
}

BOOST_AUTO_TEST_CASE(wake_vision_spaces_are_trimmed) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 3);
  write(folder.path() / "wake_vision_train.csv",
        "filename , person\n 1000.png, 1\n1001.png ,0 \n\"1002.png \",\t1\n \n");
  const auto dataset = open_dataset(wake_vision_settings(folder.path()), 1);
  BOOST_CHECK((dataset->classes() == std::vector<std::string>{"no person", "person"}));
  BOOST_CHECK(dataset->problems().empty());
  BOOST_CHECK_EQUAL(dataset->samples(Split::train).size(), 3u);
}

BOOST_AUTO_TEST_CASE(wake_vision_problems_are_counted) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 20);
  std::ofstream(folder.path() / "wake_vision_train.csv", std::ios::app)
      << "missing.png,1\n1003.png,1\nhalf a row\n1004.png,1,surplus\n,1\n1005.png,maybe\n";
  write_png(folder.path() / "train" / "unlabeled.png", smooth_pixels(8, 8, 3));
  write(folder.path() / "train" / ".hidden", "");
  const auto dataset = open_dataset(wake_vision_settings(folder.path()), 1);
  BOOST_CHECK_EQUAL(dataset->samples(Split::train).size(), 20u);
  BOOST_CHECK_EQUAL(dataset->problems().size(), 7u);
  for (const char* const text : {"missing.png: listed", "line 24", "unlabeled.png: no label", "listed twice"})
    BOOST_CHECK(has_problem(*dataset, text));
}

BOOST_AUTO_TEST_CASE(wake_vision_housekeeping_is_one_note) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 4);
  for (const char* const name : {"Thumbs.db", "1000.json", ".DS_Store"}) write(folder.path() / "train" / name, "{}");
  const auto dataset = open_dataset(wake_vision_settings(folder.path()), 1);
  BOOST_CHECK(dataset->problems().empty());
  BOOST_REQUIRE_EQUAL(dataset->notes().size(), 1u);
  BOOST_CHECK_EQUAL(dataset->notes()[0],
                    "3 files that are no images were passed over (.DS_Store, Thumbs.db, 1000.json)");
}

BOOST_AUTO_TEST_CASE(too_many_missing_files_are_an_error) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 30);
  for (int i = 0; i < 10; ++i) fs::remove(folder.path() / "train" / (std::to_string(1000 + i) + ".png"));
  const auto dataset = open_dataset(wake_vision_settings(folder.path()), 1);
  BOOST_CHECK_EQUAL(dataset->problems().size(), 10u);
  BOOST_CHECK_EQUAL(dataset->samples(Split::train).size(), 20u);
  fs::remove(folder.path() / "train" / "1010.png");
  check_error([&] { open_dataset(wake_vision_settings(folder.path()), 1); },
              {"at most 10 unusable files of 90", "got 11", "1000.png"});
}

BOOST_AUTO_TEST_CASE(wake_vision_bad_csv) {
  TemporaryFolder folder;
  make_wake_vision(folder.path(), 4);
  const fs::path csv = folder.path() / "wake_vision_train.csv";
  const auto open = [&] { open_dataset(wake_vision_settings(folder.path()), 1); };
  write(csv, "");
  check_error(open, {"wake_vision_train.csv:1", "'filename' and 'person'"});
  write(csv, "filename,label\n1000.png,1\n");
  check_error(open, {"wake_vision_train.csv:1", "'filename' and 'person'", "'filename,label'"});
  write(csv, "file,person\n1000.png,1\n");
  check_error(open, {"wake_vision_train.csv:1", "'file,person'"});
  write(csv, "filename,person\n");
  check_error(open, {"wake_vision_train.csv:2", "rows"});
  write(csv, "filename,person\n1000.png,1,7\n1001.png,0,7\n");
  check_error(open, {"wake_vision_train.csv:2", "rows", "got none; line 2: expected 2 fields", "got 3"});
  fs::remove(csv);
  check_error(open, {"wake_vision_train.csv", "wakevision.ai", "$WAKE_VISION", folder.path().string()});
}

BOOST_AUTO_TEST_CASE(missing_data_says_how_to_get_it) {
  check_error([] { open_dataset(wake_vision_settings("/nowhere/at/all"), 1); },
              {"data.path", "/nowhere/at/all", "wakevision.ai", "$WAKE_VISION"});
  check_error([] { open_dataset(wake_vision_settings(""), 1); }, {"data.path", "wakevision.ai"});
  DataSettings settings;
  settings.kind = DatasetKind::folders;
  settings.path = "/nowhere/at/all";
  check_error([&] { open_dataset(settings, 1); }, {"data.path", "/nowhere/at/all"});
}

BOOST_AUTO_TEST_CASE(printable_utf8) {
  for (const char* const text : {"", "cat", "Kätzchen", "猫", "🐱", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    BOOST_CHECK_MESSAGE(is_printable_utf8(text), text);
  const char* const others[] = {"\n",                // a control character
                                "\x7F",              // another
                                "\x80",              // a continuation alone
                                "\xC3",              // a beginning alone
                                "\xC3(",             // no continuation
                                "\xC0\xAF",          // overlong
                                "\xE0\x9F\xBF",      // overlong
                                "\xED\xA0\x80",      // a surrogate
                                "\xF0\x8F\xBF\xBF",  // overlong
                                "\xF4\x90\x80\x80",  // beyond U+10FFFF
                                "\xF5\x80\x80\x80",
                                "\xFF"};
  for (const char* const text : others) BOOST_CHECK(!is_printable_utf8(text));
}

BOOST_AUTO_TEST_CASE(empty_splits_and_single_classes_are_errors) {
  TemporaryFolder folder;
  make_folders(folder.path(), 2);
  for (const char* const name : {"a", "b"})
    for (const auto& entry : fs::directory_iterator(folder.path() / "test" / name)) fs::remove(entry.path());
  check_error([&] { open_dataset(folder_settings(folder.path(), {}), 1); }, {"test split", "none"});
  TemporaryFolder one;
  write(one.path() / "only" / "1.jpg", "x");
  check_error([&] { open_dataset(folder_settings(one.path(), {}), 1); }, {"two class folders", "1"});
  DataSettings settings = folder_settings(folder.path(), {});
  settings.validation_share = 0.7, settings.test_share = 0.5;
  check_error([&] { open_dataset(settings, 1); }, {"validation_share", "below 1"});
  settings = folder_settings(folder.path(), {});
  settings.test = "train";
  check_error([&] { open_dataset(settings, 1); }, {"three different splits"});
}

BOOST_AUTO_TEST_CASE(summary_for_init) {
  TemporaryFolder folder;
  make_folders(folder.path(), 4);
  fs::copy_file(folder.path() / "train/a/100.png", folder.path() / "test/a/copy.png");
  for (int i = 0; i < 60; ++i)
    write_png(folder.path() / "train/b" / ("more" + std::to_string(i) + ".png"), smooth_pixels(9, 9, 1, i));
  fs::rename(folder.path() / "validation", folder.path() / "val");
  const FolderSummary summary = summarize_folder(folder.path());
  BOOST_CHECK(summary.has_splits);
  BOOST_CHECK_EQUAL(summary.settings.validation, "val");
  BOOST_CHECK((summary.counts[0] == std::vector<std::int64_t>{4, 64}));
  BOOST_CHECK((summary.counts[2] == std::vector<std::int64_t>{5, 4}));
  const auto warns = [&](const std::string& text) {
    return std::any_of(summary.warnings.begin(), summary.warnings.end(),
                       [&](const std::string& warning) { return warning.find(text) != std::string::npos; });
  };
  BOOST_CHECK(warns("class a has only 13"));
  BOOST_CHECK(!warns("class b has only"));
  BOOST_CHECK(warns("imbalance: 72 images of b, 13 of a"));
  BOOST_CHECK(warns("two splits, 1 times"));
  BOOST_CHECK(warns("copy.png"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
