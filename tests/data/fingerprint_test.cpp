// What identifies a data set: names, sizes and contents of its files, wherever and however old they are.
#include <chrono>
#include <fstream>
#include <random>

#include "base/file.hpp"
#include "base/hash.hpp"
#include "support.hpp"

namespace danas::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

// Images that are an hour old, as a memo asks for, and a cache folder.
struct OldImages {
  OldImages() {
    make_folders(root, 3);
    for (const auto& entry : fs::recursive_directory_iterator(root))
      if (entry.is_regular_file()) age(entry.path(), 1h);
  }

  static void age(const fs::path& file, std::chrono::hours by) {
    fs::last_write_time(file, fs::file_time_type::clock::now() - by);
  }

  std::uint64_t fingerprint() const { return open_dataset(folder_settings(root, cache), 1)->fingerprint(); }

  fs::path memo() const {
    for (const auto& entry : fs::directory_iterator(cache))
      if (entry.path().extension() == ".hashes") return entry.path();
    return {};
  }

  // Other content of the same length and time, which only a memo does not notice.
  void change_secretly() const {
    const auto time = fs::last_write_time(image);
    std::string content = read_file(image);
    content.back() = static_cast<char>(content.back() ^ 1);
    write(image, content);
    fs::last_write_time(image, time);
  }

  TemporaryFolder folder;
  fs::path root = folder.path() / "photos", cache = folder.path() / "cache", image = root / "train/b/101.png";
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fingerprints)

BOOST_AUTO_TEST_CASE(the_same_bytes_are_the_same_images) {
  OldImages images;
  const std::uint64_t before = images.fingerprint();
  OldImages::age(images.image, 5h);
  BOOST_CHECK_EQUAL(images.fingerprint(), before);  // touched
  fs::copy(images.root, images.folder.path() / "copy", fs::copy_options::recursive);
  fs::remove_all(images.root);
  images.root = images.folder.path() / "copy";
  BOOST_CHECK_EQUAL(images.fingerprint(), before);  // copied
  fs::create_directories(images.folder.path() / "far/away");
  fs::rename(images.root, images.folder.path() / "far/away/photos");
  images.root = images.folder.path() / "far/away/photos/";
  BOOST_CHECK_EQUAL(images.fingerprint(), before);  // moved, and named with a slash at the end
}

BOOST_AUTO_TEST_CASE(other_bytes_names_and_labels_are_others) {
  OldImages images;
  const std::uint64_t before = images.fingerprint();
  const std::string content = read_file(images.image);
  write(images.image, content + "x");
  BOOST_CHECK_NE(images.fingerprint(), before);
  std::string changed = content;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  write(images.image, changed);
  BOOST_CHECK_NE(images.fingerprint(), before);
  write(images.image, content);
  BOOST_CHECK_EQUAL(images.fingerprint(), before);
  fs::rename(images.image, images.root / "train/b/renamed.png");
  BOOST_CHECK_NE(images.fingerprint(), before);
  fs::rename(images.root / "train/b/renamed.png", images.root / "train/a/999.png");
  BOOST_CHECK_NE(images.fingerprint(), before);
  fs::rename(images.root / "train/a/999.png", images.image);
  BOOST_CHECK_EQUAL(images.fingerprint(), before);
  fs::rename(images.image, images.root / "test/b/999.png");
  BOOST_CHECK_NE(images.fingerprint(), before);
}

BOOST_AUTO_TEST_CASE(hashes_are_remembered) {
  const OldImages images;
  const std::uint64_t before = images.fingerprint();
  BOOST_REQUIRE(!images.memo().empty());
  images.change_secretly();
  BOOST_CHECK_EQUAL(images.fingerprint(), before);
  OldImages::age(images.image, 2h);
  BOOST_CHECK_NE(images.fingerprint(), before);
}

BOOST_AUTO_TEST_CASE(files_that_changed_just_now_are_not_remembered) {
  const OldImages images;
  fs::last_write_time(images.image, fs::file_time_type::clock::now());
  const std::uint64_t before = images.fingerprint();
  images.change_secretly();
  BOOST_CHECK_NE(images.fingerprint(), before);
}

BOOST_AUTO_TEST_CASE(files_that_are_added_keep_what_is_known) {
  const OldImages images;
  images.fingerprint();
  const fs::path added = images.root / "train/a/added.png";
  fs::copy_file(images.image, added);
  OldImages::age(added, 1h);
  const std::uint64_t with = images.fingerprint();
  images.change_secretly();
  BOOST_CHECK_EQUAL(images.fingerprint(), with);
  BOOST_CHECK_EQUAL(files_in(images.cache, ".hashes"), 1u);
}

BOOST_AUTO_TEST_CASE(a_damaged_memo_is_made_anew) {
  const OldImages images;
  images.fingerprint();
  images.change_secretly();
  const std::string whole = read_file(images.memo());
  const std::uint64_t remembered = images.fingerprint();
  fs::remove(images.memo());
  const std::uint64_t now = images.fingerprint();
  BOOST_REQUIRE_NE(now, remembered);
  std::mt19937 random(7);
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random); };
  for (int i = 0; i < 200; ++i) {
    std::string damaged = whole;
    if (i % 2 == 0) damaged.resize(below(whole.size()));
    else damaged[below(whole.size())] ^= static_cast<char>(1 << below(8));
    write(images.memo(), damaged);
    BOOST_CHECK_EQUAL(images.fingerprint(), now);
    BOOST_CHECK(read_file(images.memo()) != damaged);
  }
  write(images.memo(), whole);
  BOOST_CHECK_EQUAL(images.fingerprint(), remembered);
}

BOOST_AUTO_TEST_CASE(without_a_cache_folder_nothing_is_remembered) {
  OldImages images;
  const std::uint64_t before = images.fingerprint();
  write(images.folder.path() / "file", "");
  images.cache = images.folder.path() / "file" / "cache";
  BOOST_CHECK_EQUAL(images.fingerprint(), before);
  images.change_secretly();
  BOOST_CHECK_NE(images.fingerprint(), before);
}

BOOST_AUTO_TEST_CASE(progress_of_hashing) {
  const OldImages images;
  std::int64_t last = 0, all = 0;
  open_dataset(folder_settings(images.root, images.cache), 1, [&](std::int64_t done, std::int64_t total) {
    BOOST_CHECK_GT(done, last);
    last = done, all = total;
  });
  BOOST_CHECK_EQUAL(last, 18);
  BOOST_CHECK_EQUAL(all, 18);
}

BOOST_AUTO_TEST_CASE(hash_of_large_files) {
  TemporaryFolder folder;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, (std::size_t{1} << 17) - 1, std::size_t{1} << 17, std::size_t{1'000'003}}) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * i >> 3);
    write(folder.path() / "file", content);
    BOOST_CHECK_EQUAL(hash_file((folder.path() / "file").string()), hash_bytes(content.data(), size));
  }
  check_error([&] { hash_file(folder.path().string()); }, {"a file", "something else"});
  check_error([&] { hash_file((folder.path() / "none").string()); }, {"none", "cannot read"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
