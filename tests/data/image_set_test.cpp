// Sets of images from their caches: the same pixels by every mode, whatever happened to the file.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <new>

#include "base/file.hpp"
#include "data/codecs.hpp"
#include "support.hpp"

namespace danas::test {

namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(image_sets)

BOOST_AUTO_TEST_CASE(modes_and_reuse) {
  StoredImages images;
  const auto raw = images.store();
  const ImageSet& set = raw->training({24, Color::rgb});
  BOOST_CHECK(set.plan().mode == CacheMode::raw);
  BOOST_CHECK_EQUAL(set.size(), 12);
  BOOST_CHECK_EQUAL(set.plan().bytes, fs::file_size(images.cache()));
  std::vector<std::uint8_t> buffer;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const Image image = set.item(i, buffer).image;
    BOOST_CHECK_EQUAL(std::min(image.width, image.height), 32);  // ceil(24 · 1.3)
  }
  BOOST_CHECK(!images.builds());
  const std::string wanted = content_of(set);

  images.settings.cache = CacheMode::none;
  const auto none = images.store();
  BOOST_CHECK(none->training({24, Color::rgb}).plan().mode == CacheMode::none);
  BOOST_CHECK(content_of(none->training({24, Color::rgb})) == wanted);

  images.settings.cache = CacheMode::jpeg;
  const auto jpeg = images.store();
  BOOST_CHECK(jpeg->training({24, Color::rgb}).plan().mode == CacheMode::jpeg);
  const std::string close = content_of(jpeg->training({24, Color::rgb}));
  BOOST_REQUIRE_EQUAL(close.size(), wanted.size());
  double difference = 0;
  for (std::size_t i = 0; i < close.size(); ++i)
    difference += std::abs(double(static_cast<unsigned char>(close[i])) - static_cast<unsigned char>(wanted[i]));
  BOOST_CHECK_LT(difference / static_cast<double>(close.size()), 3);
  BOOST_CHECK(close != wanted);
}

BOOST_AUTO_TEST_CASE(evaluation_is_exact_in_every_mode) {
  StoredImages images;
  std::string wanted;
  for (const CacheMode mode : {CacheMode::raw, CacheMode::jpeg, CacheMode::none}) {
    images.settings.cache = mode;
    const auto store = images.store();
    const ImageSet& set = store->evaluation(Split::test, {20, Color::rgb});
    BOOST_CHECK((set.plan().mode == CacheMode::none) == (mode == CacheMode::none));
    if (wanted.empty()) wanted = content_of(set);
    BOOST_CHECK(content_of(set) == wanted);
    BOOST_CHECK_EQUAL(set.readable().size(), 12u);
  }
}

BOOST_AUTO_TEST_CASE(small_and_long_images) {
  TemporaryFolder folder;
  make_folders(folder.path() / "images", 1);
  for (const char* const name : {"a", "b"}) {
    const fs::path at = folder.path() / "images/train" / name;
    fs::remove(at / "100.png");
    write_png(at / "small.png", smooth_pixels(20, 9, 3));
    write_png(at / "wide.png", smooth_pixels(400, 50, 3));
    write_png(at / "zzz.png", smooth_pixels(48, 100, 1));
  }
  const DataSettings settings = folder_settings(folder.path() / "images", folder.path() / "cache");
  const ImageStore store(open_dataset(settings, 1), settings, {});
  const ImageSet& set = store.training({24, Color::rgb});
  std::vector<std::uint8_t> buffer;
  const int sizes[3][2] = {{18, 9}, {64, 32}, {32, 64}};
  for (int i = 0; i < 3; ++i) {
    const Image image = set.item(i, buffer).image;
    BOOST_CHECK_EQUAL(image.width, sizes[i][0]);
    BOOST_CHECK_EQUAL(image.height, sizes[i][1]);
  }
  const Dataset::Pixels small = smooth_pixels(20, 9, 3);
  const Image image = set.item(0, buffer).image;
  for (std::size_t y = 0; y < 9; ++y)  // the middle, unchanged
    BOOST_CHECK(std::memcmp(image.pixels + 54 * y, small.data.data() + 60 * y + 3, 54) == 0);
}

BOOST_AUTO_TEST_CASE(rebuilt_when_a_source_changes) {
  StoredImages images;
  BOOST_CHECK(images.builds());
  BOOST_CHECK(!images.builds());
  const fs::path file = images.settings.path / "test/b/103.png";
  std::ofstream(file, std::ios::app) << "x";
  BOOST_CHECK(images.builds());
  fs::rename(file, images.settings.path / "test/b/9.png");
  BOOST_CHECK(images.builds());
  fs::rename(images.settings.path / "test/b/9.png", images.settings.path / "test/a/9.png");
  BOOST_CHECK(images.builds());
  BOOST_CHECK(!images.builds());
}

BOOST_AUTO_TEST_CASE(cut_or_altered_caches_are_rebuilt) {
  StoredImages images;
  const auto store = images.store();
  const std::string wanted = content_of(store->training({24, Color::rgb}));
  const fs::path path = images.cache();
  const std::string whole = read_file(path);
  for (std::size_t part = 0; part < 64; ++part) {
    write(path, whole.substr(0, whole.size() * part / 64));
    BOOST_REQUIRE(images.builds());
    BOOST_REQUIRE(read_file(path) == whole);  // and the same bytes again
  }
  const auto alter = [&](std::size_t at, int bits) {
    std::string altered = whole;
    altered[at] = static_cast<char>(altered[at] ^ bits);
    write(path, altered);
  };
  for (std::size_t i = 0; i < 72; ++i) {  // every byte of the header
    alter(i, 0x40);
    BOOST_REQUIRE(images.builds());
  }
  for (std::size_t i = 1; i < 12 * sizeof(CacheEntry); i += 7) {  // the index at the end
    alter(whole.size() - i, 0x11);
    BOOST_REQUIRE(images.builds());
  }
  const auto again = images.store();
  BOOST_CHECK(content_of(again->training({24, Color::rgb})) == wanted);

  alter(1000, 0x11);  // a pixel: nobody trains on it
  const auto damaged = images.store();
  check_error([&] { content_of(damaged->training({24, Color::rgb})); }, {path.string(), "damaged"}, Fault::failure);
}

BOOST_AUTO_TEST_CASE(unreadable_files_below_and_beyond_the_limit) {
  StoredImages images(20);
  for (int i = 0; i < 10; ++i) write(images.settings.path / "train/a" / (std::to_string(100 + i) + ".png"), "rubbish");
  std::string wanted;
  for (const CacheMode mode : {CacheMode::raw, CacheMode::raw, CacheMode::none}) {  // built, opened, read one by one
    images.settings.cache = mode;
    const auto store = images.store();
    const ImageSet& set = store->training({24, Color::rgb});
    const std::string content = content_of(set);
    if (wanted.empty()) wanted = content;
    BOOST_CHECK(content == wanted);
    std::vector<std::uint8_t> first, second;
    BOOST_CHECK(set.item(3, first).image.width == set.item(10, second).image.width);  // the next readable one
    BOOST_CHECK_EQUAL(set.item(9, first).label, 0);
    BOOST_CHECK_EQUAL(store->size(Split::train), 30);
    BOOST_REQUIRE_EQUAL(store->problems().size(), 10u);
    BOOST_CHECK(store->problems()[3].file.string().ends_with("train/a/103.png"));
    BOOST_CHECK(store->problems()[3].reason.starts_with("expected a JPEG, PNG, BMP or WebP image"));
    BOOST_CHECK(store->problems()[3].reason.find("103.png") == std::string::npos);
  }
  write(images.settings.path / "train/b/100.png", "rubbish");
  images.settings.cache = CacheMode::raw;
  write(images.settings.path / "test/b/119.png", "rubbish");  // counted too
  for (int pass = 0; pass < 2; ++pass)
    check_error(
        [&] {
          images.store()->training({24, Color::rgb});
        },
        {"at most 10 unusable files of 120", "got 12", "100.png"});
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 0u);
  images.settings.cache = CacheMode::none;
  const auto none = images.store();
  check_error([&] { content_of(none->training({24, Color::rgb})); }, {"at most 10 unusable files of 120", "got 11"});
}

BOOST_AUTO_TEST_CASE(evaluation_passes_over_unreadable_files) {
  StoredImages images(20);
  write(images.settings.path / "test/a/104.png", "rubbish");
  for (const CacheMode mode : {CacheMode::raw, CacheMode::none}) {
    images.settings.cache = mode;
    const auto store = images.store();
    const ImageSet& set = store->evaluation(Split::test, {16, Color::rgb});
    BOOST_CHECK_EQUAL(set.readable().size(), 39u);
    BOOST_CHECK_EQUAL(set.readable()[4], 5u);
    BOOST_CHECK_EQUAL(store->size(Split::test), 39);
    store->evaluation(Split::test, {24, Color::rgb});
    BOOST_CHECK_EQUAL(store->problems().size(), 1u);  // once
  }
}

BOOST_AUTO_TEST_CASE(splits_without_readable_images_are_an_error) {
  StoredImages images(4);
  for (const char* const name : {"a", "b"})
    for (int i = 0; i < 4; ++i)
      write(images.settings.path / "test" / name / (std::to_string(100 + i) + ".png"), "rubbish");
  for (int pass = 0; pass < 2; ++pass)  // built, then opened
    check_error(
        [&] {
          images.store()->evaluation(Split::test, {16, Color::rgb});
        },
        {"readable images in the test split", "none", "100.png: expected"});
}

BOOST_AUTO_TEST_CASE(failures_of_the_machine_are_not_cached) {
  class Unsteady : public Dataset {
   public:
    Unsteady() {
      classes_ = {"a", "b"};
      for (auto& samples : samples_) samples = {{"x", 0, 0}, {"x", 1, 1}};
    }
    Pixels decode(const Sample& sample, int) const override {
      if (sample.index == 1 && failure == 1) throw std::bad_alloc();
      if (sample.index == 1 && failure == 2) throw Error("x", "no memory", Fault::failure);
      return smooth_pixels(30, 30, 3);
    }
    std::uint64_t fingerprint() const override { return 7; }
    int failure = 0;
  };
  TemporaryFolder folder;
  const DataSettings settings = folder_settings({}, folder.path());
  const auto dataset = std::make_shared<Unsteady>();
  const ImageStore store(dataset, settings, {100, 0, 0});
  dataset->failure = 1;
  BOOST_CHECK_THROW(store.training({24, Color::rgb}), std::bad_alloc);
  dataset->failure = 2;
  check_error([&] { store.training({24, Color::rgb}); }, {"[x] no memory"}, Fault::failure);
  dataset->failure = 0;
  BOOST_CHECK_EQUAL(store.training({24, Color::rgb}).readable().size(), 2u);
  BOOST_CHECK(store.problems().empty());
  BOOST_CHECK_EQUAL(files_in(folder.path(), ".part"), 0u);
}

BOOST_AUTO_TEST_CASE(a_file_without_permission_is_a_problem_until_it_has_one) {
  StoredImages images;
  const fs::path file = images.settings.path / "train/a/103.png";
  fs::permissions(file, fs::perms::none);
  fs::create_directories(images.settings.cache_path);
  fs::permissions(images.settings.cache_path, fs::perms::all);
  fs::permissions(images.folder.path(), fs::perms::all);
  const int status = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 1;  // root may read everything
    const auto store = images.store();
    store->training({24, Color::rgb});
    const bool told = store->problems().size() == 1 && store->problems()[0].reason == "cannot read: Permission denied";
    return store->size(Split::train) == 11 && told ? 0 : 2;
  });
  BOOST_CHECK_EQUAL(status, 0);
  fs::permissions(file, fs::perms::owner_read);
  const auto store = images.store();
  BOOST_CHECK_EQUAL(store->training({24, Color::rgb}).readable().size(), 12u);
  BOOST_CHECK(store->problems().empty());
}

BOOST_AUTO_TEST_CASE(modes_and_crops_have_caches_of_their_own) {
  StoredImages images;
  BOOST_CHECK(images.builds());
  images.settings.cache = CacheMode::jpeg;
  BOOST_CHECK(images.builds());
  images.settings.crop_min_area = 0.25;
  BOOST_CHECK(images.builds());
  const auto store = images.store();
  std::vector<std::uint8_t> buffer;
  for (std::int64_t i = 0; i < store->size(Split::train); ++i) {
    const Image image = store->training({24, Color::rgb}).item(i, buffer).image;
    BOOST_CHECK_EQUAL(std::min(image.width, image.height), 48);  // half of it is the resolution
  }
  BOOST_CHECK(!images.builds());
  images.settings.crop_min_area = 0.6;
  BOOST_CHECK(!images.builds());
  images.settings.cache = CacheMode::raw;
  BOOST_CHECK(!images.builds());
  images.settings.crop_min_area = 1e-300;  // no more than there is
  BOOST_CHECK(images.builds());
}

BOOST_AUTO_TEST_CASE(unwritable_cache_folder) {
  StoredImages images;
  write(images.folder.path() / "file", "x");
  images.settings.cache_path = images.folder.path() / "file" / "cache";
  check_error([&] { images.store()->training({24, Color::rgb}); }, {"file/cache"}, Fault::failure);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
