// Class folders, and what else lies in them.
#include <algorithm>
#include <set>
#include <sys/stat.h>

#include "data/codecs.hpp"
#include "support.hpp"

namespace danas::test {

namespace fs = std::filesystem;

namespace {

std::set<std::string> names(const Dataset& dataset, Split split) {
  std::set<std::string> result;
  for (const Sample& sample : dataset.samples(split)) result.insert(sample.file);
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(class_folders)

BOOST_AUTO_TEST_CASE(folders_with_splits) {
  TemporaryFolder folder;
  make_folders(folder.path(), 5);
  write(folder.path() / "train" / "a" / "movie.mp4", "x");
  write(folder.path() / "README", "text");
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_CHECK((dataset->classes() == std::vector<std::string>{"a", "b"}));
  for (const Split split : {Split::train, Split::validation, Split::test})
    BOOST_CHECK_EQUAL(dataset->samples(split).size(), 10u);
  BOOST_CHECK_EQUAL(dataset->problems().size(), 1u);
  BOOST_CHECK(dataset->notes().empty());
  fs::create_directories(folder.path() / "test" / "c");
  check_error([&] { open_dataset(folder_settings(folder.path(), {}), 1); }, {"test/c", "train"});
}

BOOST_AUTO_TEST_CASE(images_out_of_place_are_problems) {
  TemporaryFolder folder;
  make_folders(folder.path(), 2);
  write(folder.path() / "root.jpg", "x");
  write(folder.path() / "README", "text");
  write(folder.path() / "validation" / "loose.jpg", "x");
  write(folder.path() / "train/a/more/1.jpg", "x");
  write(folder.path() / "train/a/more/deep/2.jpg", "x");
  write(folder.path() / "train/a/more/deep/notes.txt", "x");
  fs::create_directories(folder.path() / "train/a/empty");
  fs::create_directory_symlink(folder.path() / "train", folder.path() / "train/b/loop");
  fs::create_directories(folder.path() / "extra");
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_CHECK_EQUAL(dataset->samples(Split::train).size(), 4u);
  BOOST_CHECK_EQUAL(dataset->problems().size(), 6u);
  for (const char* const text : {"/root.jpg", "validation/loose.jpg: not in a class folder", "more/1.jpg",
                                 "more/deep/2.jpg", "a/empty", "b/loop"})
    BOOST_CHECK_MESSAGE(has_problem(*dataset, text), text);
  BOOST_REQUIRE_EQUAL(dataset->notes().size(), 2u);
  const std::string notes = dataset->notes()[0] + dataset->notes()[1];
  for (const char* const text : {"folder extra is none of train, validation and test", "notes.txt"})
    BOOST_CHECK_MESSAGE(notes.find(text) != std::string::npos, notes);
  for (int i = 0; i < 9; ++i) write(folder.path() / "train/b/more" / (std::to_string(i) + ".jpg"), "x");
  check_error([&] { open_dataset(folder_settings(folder.path(), {}), 1); }, {"at most 10 unusable files", "got 15"});
}

BOOST_AUTO_TEST_CASE(loose_images_beside_class_folders_are_problems) {
  TemporaryFolder folder;
  for (const char* const name : {"cat", "dog"})
    for (int i = 0; i < 20; ++i) write(folder.path() / name / (std::to_string(i) + ".jpg"), "x");
  write(folder.path() / "loose.webp", "x");
  write(folder.path() / "LICENSE", "x");
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_CHECK_EQUAL(dataset->problems().size(), 1u);
  BOOST_CHECK(has_problem(*dataset, "loose.webp: not in a class folder"));
}

BOOST_AUTO_TEST_CASE(a_pipe_among_the_images_is_a_problem) {
  TemporaryFolder folder;
  make_folders(folder.path(), 2);
  BOOST_REQUIRE_EQUAL(::mkfifo((folder.path() / "train/a/pipe.png").c_str(), 0600), 0);
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_CHECK_EQUAL(dataset->problems().size(), 1u);
  BOOST_CHECK(has_problem(*dataset, "pipe.png: expected a file"));
  BOOST_CHECK_EQUAL(dataset->samples(Split::train).size(), 4u);
}

BOOST_AUTO_TEST_CASE(class_names_are_printable) {
  for (const char* const name : {"b\xFF", "b\x1B[31m"}) {
    TemporaryFolder folder;
    make_folders(folder.path(), 2);
    for (const char* const split : {"train", "validation", "test"})
      fs::rename(folder.path() / split / "b", folder.path() / split / name);
    BOOST_CHECK_THROW(open_dataset(folder_settings(folder.path(), {}), 1), Error);
  }
}

BOOST_AUTO_TEST_CASE(classes_without_images) {
  TemporaryFolder folder;
  make_folders(folder.path(), 2);
  fs::remove_all(folder.path() / "validation/a");
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_REQUIRE_EQUAL(dataset->notes().size(), 1u);
  BOOST_CHECK_EQUAL(dataset->notes()[0], "no images of class a in validation");
  for (const auto& entry : fs::directory_iterator(folder.path() / "train/b")) fs::remove(entry.path());
  check_error([&] { open_dataset(folder_settings(folder.path(), {}), 1); }, {"training images of class b", "none"});
}

BOOST_AUTO_TEST_CASE(folders_without_validation_take_it_from_train) {
  TemporaryFolder folder;
  make_folders(folder.path(), 20);
  fs::remove_all(folder.path() / "validation");
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_CHECK_EQUAL(dataset->samples(Split::train).size(), 34u);
  BOOST_CHECK_EQUAL(dataset->samples(Split::validation).size(), 6u);
  BOOST_CHECK_EQUAL(dataset->samples(Split::test).size(), 40u);
  BOOST_CHECK_EQUAL(dataset->notes().size(), 1u);
  for (const std::string& name : names(*dataset, Split::validation))
    BOOST_CHECK(!names(*dataset, Split::train).contains(name));
}

BOOST_AUTO_TEST_CASE(folders_without_splits_are_split_by_seed) {
  TemporaryFolder folder;
  for (const auto& [name, count] : {std::pair{"cat", 40}, std::pair{"dog", 20}})
    for (int i = 0; i < count; ++i) write(folder.path() / name / (std::to_string(100 + i) + ".jpg"), "x");
  const auto open = [&](std::uint64_t seed) { return open_dataset(folder_settings(folder.path(), {}), seed); };
  const auto dataset = open(1), same = open(1), other = open(2);
  std::set<std::string> all;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const auto& samples = dataset->samples(split);
    const auto cats = std::count_if(samples.begin(), samples.end(), [](const Sample& s) { return s.label == 0; });
    BOOST_CHECK_EQUAL(cats, split == Split::train ? 28 : 6);
    BOOST_CHECK_EQUAL(static_cast<long>(samples.size()) - cats, split == Split::train ? 14 : 3);
    BOOST_CHECK(names(*dataset, split) == names(*same, split));
    BOOST_CHECK(names(*dataset, split) != names(*other, split));
    all.merge(names(*dataset, split));
  }
  BOOST_CHECK_EQUAL(all.size(), 60u);
  BOOST_CHECK_EQUAL(dataset->fingerprint(), same->fingerprint());
  BOOST_CHECK_NE(dataset->fingerprint(), other->fingerprint());
}

BOOST_AUTO_TEST_CASE(housekeeping_is_one_note) {
  TemporaryFolder folder;
  make_folders(folder.path(), 5);
  for (int i = 0; i < 30; ++i) write(folder.path() / "train/a" / (std::to_string(100 + i) + ".txt"), "0 0.5 0.5 1 1\n");
  write(folder.path() / "train/a/thumbs.db", std::string("\xD0\xCF\0", 3));
  write(folder.path() / "train/b/Desktop.ini", "");
  write(folder.path() / "train/.DS_Store", "");
  write(folder.path() / "test/labels.csv", "name,label\n");
  write(folder.path() / "test/a/empty.xml", "");
  write(folder.path() / "train/__MACOSX/a/._100.png", "x");
  write(folder.path() / "__MACOSX/more", "x");
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_CHECK((dataset->classes() == std::vector<std::string>{"a", "b"}));
  BOOST_CHECK(dataset->problems().empty());
  BOOST_REQUIRE_EQUAL(dataset->notes().size(), 1u);
  BOOST_CHECK_EQUAL(dataset->notes()[0],
                    "37 files that are no images were passed over (thumbs.db, 100.txt, 101.txt, …)");
}

BOOST_AUTO_TEST_CASE(one_file_that_is_passed_over) {
  TemporaryFolder folder;
  make_folders(folder.path(), 2);
  write(folder.path() / "train/a/Thumbs.db", "");
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_REQUIRE_EQUAL(dataset->notes().size(), 1u);
  BOOST_CHECK_EQUAL(dataset->notes()[0], "1 file that is no image was passed over (Thumbs.db)");
}

BOOST_AUTO_TEST_CASE(files_of_other_kinds_stay_problems) {
  TemporaryFolder folder;
  make_folders(folder.path(), 2);
  write(folder.path() / "train/a/movie.mp4", "x");
  write(folder.path() / "train/a/image.txt", std::string("\xFF\xD8\xFF\xE0\0\x10JFIF", 10));  // no text
  BOOST_REQUIRE_EQUAL(::mkfifo((folder.path() / "train/a/pipe.txt").c_str(), 0600), 0);
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_CHECK(dataset->notes().empty());
  BOOST_CHECK_EQUAL(dataset->problems().size(), 3u);
  for (const char* const text : {"movie.mp4: not named", "image.txt: not named", "pipe.txt: not named"})
    BOOST_CHECK_MESSAGE(has_problem(*dataset, text), text);
}

BOOST_AUTO_TEST_CASE(loose_images_in_train_are_no_classes) {
  for (const char* const other : {"test", "validation", "val", ""}) {
    TemporaryFolder folder;
    for (int i = 0; i < 3; ++i) {
      write(folder.path() / "train" / ("cat." + std::to_string(i) + ".jpg"), "x");
      if (*other) write(folder.path() / other / (std::to_string(i) + ".jpg"), "x");
    }
    check_error([&] { open_dataset(folder_settings(folder.path(), {}), 1); },
                {"/train]", "a folder of images for each class, as train/cat and train/dog",
                 "3 images that lie loose, for example cat.0.jpg"});
  }
}

BOOST_AUTO_TEST_CASE(a_class_may_be_called_train) {
  TemporaryFolder folder;
  for (const char* const name : {"bus", "train"})
    for (int i = 0; i < 20; ++i) write(folder.path() / name / (std::to_string(i) + ".jpg"), "x");
  const auto dataset = open_dataset(folder_settings(folder.path(), {}), 1);
  BOOST_CHECK((dataset->classes() == std::vector<std::string>{"bus", "train"}));
  BOOST_REQUIRE_EQUAL(dataset->notes().size(), 1u);
  BOOST_CHECK_EQUAL(dataset->notes()[0],
                    "train holds no class folders and is taken for a class: the images were split into train, "
                    "validation and test by seed");
}

BOOST_AUTO_TEST_CASE(loose_images_in_test_are_named) {
  TemporaryFolder folder;
  make_folders(folder.path(), 3);
  fs::remove_all(folder.path() / "test");
  for (int i = 0; i < 40; ++i) write(folder.path() / "test" / (std::to_string(100 + i) + ".jpg"), "x");
  check_error([&] { open_dataset(folder_settings(folder.path(), {}), 1); },
              {"/test]", "as test/a and test/b", "40 images that lie loose, for example 100.jpg",
               "where data.test names no folder, images are taken from train"});
}

BOOST_AUTO_TEST_CASE(counts_of_unusable_files_are_whole) {
  TemporaryFolder folder;
  make_folders(folder.path(), 2);
  for (int i = 0; i < 12; ++i) write(folder.path() / "train/a" / (std::to_string(i) + ".mp4"), "x");
  for (int i = 0; i < 7; ++i) fs::create_symlink("nowhere", folder.path() / "test/b" / (std::to_string(i) + ".jpg"));
  check_error([&] { open_dataset(folder_settings(folder.path(), {}), 1); },
              {"at most 10 unusable files of 31", "got 19", "0.mp4"});
}

BOOST_AUTO_TEST_CASE(three_classes_have_no_positive_one) {
  TemporaryFolder folder;
  make_folders(folder.path(), 2);
  for (const char* const split : {"train", "validation", "test"}) fs::create_directories(folder.path() / split / "c");
  for (const char* const split : {"train", "test"}) fs::copy(folder.path() / split / "a", folder.path() / split / "c");
  DataSettings settings = folder_settings(folder.path(), {});
  const auto dataset = open_dataset(settings, 1);
  BOOST_REQUIRE_EQUAL(dataset->notes().size(), 1u);
  BOOST_CHECK_EQUAL(dataset->notes()[0], "no images of class c in validation: left out of averages there");
  settings.positive = "b";
  const auto with = open_dataset(settings, 1);
  BOOST_REQUIRE_EQUAL(with->notes().size(), 2u);
  BOOST_CHECK_EQUAL(with->notes()[0],
                    "data.positive has no effect: precision, recall and F1 are averages over 3 classes");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
