#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <new>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/file.hpp"
#include "data/codecs.hpp"
#include "data/contact_sheet.hpp"
#include "data/image_store.hpp"
#include "support.hpp"

namespace danas::test {

namespace fs = std::filesystem;

namespace {

struct Images {
  explicit Images(int count = 6) {
    make_folders(folder.path() / "images", count);
    settings = folder_settings(folder.path() / "images", folder.path() / "cache");
  }

  fs::path cache() const {
    for (const auto& entry : fs::directory_iterator(settings.cache_path))
      if (entry.path().extension() == ".cache") return entry.path();
    return {};
  }

  std::unique_ptr<ImageStore> open(const Progress& progress = {}) const {
    return std::make_unique<ImageStore>(open_dataset(settings, 1), settings, 24, progress);
  }

  /// Whether opening had to build.
  bool builds() const {
    bool built = false;
    open([&](std::int64_t done, std::int64_t) { built = built || done > 0; });
    return built;
  }

  TemporaryFolder folder;
  DataSettings settings;
};

std::string pixels_of(const ImageStore& store) {
  std::string all;
  std::vector<std::uint8_t> buffer;
  for (const Split split : {Split::train, Split::validation, Split::test})
    for (std::int64_t i = 0; i < store.size(split); ++i) {
      const Image image = store.image(split, i, buffer);
      all += std::to_string(image.width) + "x" + std::to_string(image.height) + "x" +
             std::to_string(image.channels) + ":";
      all.append(reinterpret_cast<const char*>(image.pixels),
                 static_cast<std::size_t>(image.width * image.height * image.channels));
      all += static_cast<char>(store.label(split, i));
    }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(caches)

BOOST_AUTO_TEST_CASE(sizes_modes_and_reuse) {
  Images images;
  const auto raw = images.open();
  BOOST_CHECK_EQUAL(raw->mode(), "raw");
  BOOST_CHECK_EQUAL(raw->size(Split::train), 12);
  BOOST_CHECK_EQUAL(raw->bytes(), fs::file_size(images.cache()));
  std::vector<std::uint8_t> buffer;
  for (std::int64_t i = 0; i < raw->size(Split::train); ++i) {
    const Image image = raw->image(Split::train, i, buffer);
    BOOST_CHECK_EQUAL(std::min(image.width, image.height), 32);  // ceil(24 · 1.3)
  }
  BOOST_CHECK(!images.builds());
  const std::string wanted = pixels_of(*raw);

  images.settings.cache = "none";
  const auto none = images.open();
  BOOST_CHECK_EQUAL(none->mode(), "none");
  BOOST_CHECK(pixels_of(*none) == wanted);
  BOOST_CHECK_LT(none->bytes(), 3000u);

  images.settings.cache = "jpeg";
  const auto jpeg = images.open();
  BOOST_CHECK_EQUAL(jpeg->mode(), "jpeg");
  const std::string close = pixels_of(*jpeg);
  BOOST_REQUIRE_EQUAL(close.size(), wanted.size());
  double difference = 0;
  for (std::size_t i = 0; i < close.size(); ++i)
    difference += std::abs(double(static_cast<unsigned char>(close[i])) - static_cast<unsigned char>(wanted[i]));
  BOOST_CHECK_LT(difference / static_cast<double>(close.size()), 3);
  BOOST_CHECK(close != wanted);
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
  const ImageStore store(open_dataset(settings, 1), settings, 24);
  std::vector<std::uint8_t> buffer;
  const int sizes[3][2] = {{18, 9}, {64, 32}, {32, 64}};
  for (int i = 0; i < 3; ++i) {
    const Image image = store.image(Split::train, i, buffer);
    BOOST_CHECK_EQUAL(image.width, sizes[i][0]);
    BOOST_CHECK_EQUAL(image.height, sizes[i][1]);
  }
  const Dataset::Pixels small = smooth_pixels(20, 9, 3);
  const Image image = store.image(Split::train, 0, buffer);
  for (std::size_t y = 0; y < 9; ++y)  // the middle, unchanged
    BOOST_CHECK(std::memcmp(image.pixels + 54 * y, small.data.data() + 60 * y + 3, 54) == 0);
}

BOOST_AUTO_TEST_CASE(auto_chooses_by_size) {
  Images images;
  images.settings.cache = "auto";
  const double gib = static_cast<double>(estimated_cache_bytes(*open_dataset(images.settings, 1), 24)) / 0x1p30;
  for (const auto& [share, mode] : {std::pair{1.01, "raw"}, std::pair{0.5, "jpeg"}, std::pair{0.11, "jpeg"},
                                    std::pair{0.05, "none"}}) {
    images.settings.cache_gib = gib * share;
    BOOST_CHECK_EQUAL(images.open()->mode(), mode);
  }
  images.settings.cache = "often";
  check_error([&] { images.open(); }, {"data.cache", "'often'"});
}

BOOST_AUTO_TEST_CASE(estimate_is_near) {
  Images images;
  const double estimate = static_cast<double>(estimated_cache_bytes(*open_dataset(images.settings, 1), 24));
  const double actual = static_cast<double>(images.open()->bytes());
  BOOST_CHECK_LT(std::abs(estimate / actual - 1), 0.2);
}

BOOST_AUTO_TEST_CASE(rebuilt_when_a_source_changes) {
  Images images;
  BOOST_CHECK(images.builds());
  BOOST_CHECK(!images.builds());
  const fs::path file = images.settings.path / "test/b/103.png";
  fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(2));
  BOOST_CHECK(images.builds());
  BOOST_CHECK(!images.builds());
  std::ofstream(file, std::ios::app) << "x";
  BOOST_CHECK(images.builds());
  fs::rename(file, images.settings.path / "test/b/9.png");
  BOOST_CHECK(images.builds());
  fs::rename(images.settings.path / "test/b/9.png", images.settings.path / "test/a/9.png");
  BOOST_CHECK(images.builds());
}

BOOST_AUTO_TEST_CASE(cut_or_altered_caches_are_rebuilt) {
  Images images;
  const std::string wanted = pixels_of(*images.open());
  const fs::path path = images.cache();
  const std::string whole = read_file(path);
  for (std::size_t part = 0; part < 64; ++part) {
    write(path, whole.substr(0, whole.size() * part / 64));
    BOOST_REQUIRE(images.builds());
    BOOST_REQUIRE(read_file(path) == whole);  // and the same bytes again
  }
  for (std::size_t i = 0; i < 80; ++i) {  // every byte of the header
    std::string altered = whole;
    altered[i] = static_cast<char>(altered[i] ^ 0x40);
    write(path, altered);
    BOOST_REQUIRE(images.builds());
  }
  for (std::size_t i = 1; i < 36 * 40; i += 7) {  // the index at the end
    std::string altered = whole;
    altered[altered.size() - i] = static_cast<char>(altered[altered.size() - i] ^ 0x11);
    write(path, altered);
    BOOST_REQUIRE(images.builds());
  }
  BOOST_CHECK(pixels_of(*images.open()) == wanted);
}

BOOST_AUTO_TEST_CASE(unreadable_files_below_and_beyond_the_limit) {
  Images images(20);
  for (int i = 0; i < 10; ++i) write(images.settings.path / "train/a" / (std::to_string(100 + i) + ".png"), "rubbish");
  for (int pass = 0; pass < 2; ++pass) {  // built, then opened
    const auto store = images.open();
    BOOST_CHECK_EQUAL(store->size(Split::train), 30);
    BOOST_CHECK_EQUAL(store->label(Split::train, 9), 0);
    BOOST_CHECK_EQUAL(store->label(Split::train, 10), 1);
    BOOST_REQUIRE_EQUAL(store->problems().size(), 10u);
    BOOST_CHECK(store->problems()[3].file.string().ends_with("train/a/103.png"));
    BOOST_CHECK(store->problems()[3].reason.find("JPEG, PNG") != std::string::npos);
  }
  write(images.settings.path / "test/b/100.png", "rubbish");
  check_error([&] { images.open(); }, {"at most 10 unusable files of 120", "got 11", "100.png"});
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 0u);
}

BOOST_AUTO_TEST_CASE(reasons_do_not_repeat_the_file) {
  Images images(20);
  write(images.settings.path / "train/a/100.png", "rubbish");
  const Problem problem = images.open()->problems().at(0);
  BOOST_CHECK(problem.reason.starts_with("expected a JPEG, PNG, BMP or WebP image"));
  BOOST_CHECK(problem.reason.find("100.png") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(splits_without_readable_images_are_an_error) {
  Images images(4);
  for (const char* const name : {"a", "b"})
    for (int i = 0; i < 4; ++i)
      write(images.settings.path / "test" / name / (std::to_string(100 + i) + ".png"), "rubbish");
  for (int pass = 0; pass < 2; ++pass)  // built, then opened
    check_error([&] { images.open(); }, {"readable images in the test split", "none", "100.png: expected"});
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
  dataset->failure = 1;
  BOOST_CHECK_THROW(ImageStore(dataset, settings, 24), std::bad_alloc);
  dataset->failure = 2;
  check_error([&] { ImageStore(dataset, settings, 24); }, {"[x] no memory"}, Fault::failure);
  check_error([&] { estimated_cache_bytes(*dataset, 24); }, {"[x] no memory"}, Fault::failure);
  dataset->failure = 0;
  const ImageStore store(dataset, settings, 24);
  BOOST_CHECK_EQUAL(store.size(Split::train), 2);
  BOOST_CHECK(store.problems().empty());
}

BOOST_AUTO_TEST_CASE(a_file_without_permission_is_a_problem_until_it_has_one) {
  Images images;
  const fs::path file = images.settings.path / "train/a/103.png";
  fs::permissions(file, fs::perms::none);
  fs::create_directories(images.settings.cache_path);
  fs::permissions(images.settings.cache_path, fs::perms::all);
  fs::permissions(images.folder.path(), fs::perms::all);
  const int status = in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 1;  // root may read everything
    const auto store = images.open();
    const bool told = store->problems().size() == 1 && store->problems()[0].reason == "cannot read: Permission denied";
    return store->size(Split::train) == 11 && told ? 0 : 2;
  });
  BOOST_CHECK_EQUAL(status, 0);
  fs::permissions(file, fs::perms::owner_read);
  const auto store = images.open();
  BOOST_CHECK_EQUAL(store->size(Split::train), 12);
  BOOST_CHECK(store->problems().empty());
}

BOOST_AUTO_TEST_CASE(modes_and_crops_have_caches_of_their_own) {
  Images images;
  BOOST_CHECK(images.builds());
  images.settings.cache = "jpeg";
  BOOST_CHECK(images.builds());
  images.settings.crop_min_area = 0.25;
  BOOST_CHECK(images.builds());
  const auto store = images.open();
  std::vector<std::uint8_t> buffer;
  for (std::int64_t i = 0; i < store->size(Split::train); ++i) {
    const Image image = store->image(Split::train, i, buffer);
    BOOST_CHECK_EQUAL(std::min(image.width, image.height), 48);  // half of it is the resolution
  }
  const auto dataset = open_dataset(images.settings, 1);
  BOOST_CHECK_GT(estimated_cache_bytes(*dataset, 24, 0.25), 2 * estimated_cache_bytes(*dataset, 24));
  BOOST_CHECK(!images.builds());
  images.settings.crop_min_area = 0.6;
  BOOST_CHECK(!images.builds());
  images.settings.cache = "raw";
  BOOST_CHECK(!images.builds());
  images.settings.crop_min_area = 1e-300;  // no more than there is
  BOOST_CHECK(images.builds());
}

BOOST_AUTO_TEST_CASE(waiting_for_another_build_can_be_seen_and_interrupted) {
  Images images;
  images.open();
  const fs::path path = images.cache();
  fs::remove(path);
  const int other = ::open((path.string() + ".lock").c_str(), O_RDWR | O_CLOEXEC);
  BOOST_REQUIRE_EQUAL(::flock(other, LOCK_EX | LOCK_NB), 0);
  check_error([&] { images.open([](std::int64_t, std::int64_t) { throw Error("x", "stop", Fault::interrupted); }); },
              {"stop"}, Fault::interrupted);
  int waits = 0;
  const auto store = images.open([&](std::int64_t done, std::int64_t total) {
    BOOST_CHECK_EQUAL(total, 36);
    if (done == 0 && ++waits == 2) ::flock(other, LOCK_UN);
  });
  BOOST_CHECK_EQUAL(waits, 2);
  BOOST_CHECK_EQUAL(store->size(Split::train), 12);
  ::close(other);
}

BOOST_AUTO_TEST_CASE(two_threads_build_at_once) {
  Images images(12);
  std::atomic<int> builds{0};
  std::string pixels[4];
  {
    std::vector<std::thread> threads;
    for (std::string& result : pixels)
      threads.emplace_back([&] {
        bool built = false;
        const auto store = images.open([&](std::int64_t done, std::int64_t) { built = built || done > 0; });
        builds += built;
        result = pixels_of(*store);
      });
    for (std::thread& thread : threads) thread.join();
  }
  BOOST_CHECK_EQUAL(builds.load(), 1);
  for (const std::string& result : pixels) BOOST_CHECK(result == pixels[0] && !result.empty());
}

BOOST_AUTO_TEST_CASE(two_processes_build_at_once) {
  Images images(12);
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      int status = 1;
      try {
        status = images.open()->size(Split::train) == 24 ? 0 : 1;
      } catch (const std::exception&) {
        status = 2;
      }
      ::_exit(status);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    BOOST_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  BOOST_CHECK(!images.builds());
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 0u);
}

BOOST_AUTO_TEST_CASE(killed_while_building) {
  Images images(12);
  const int status = in_child([&] {
    images.open([](std::int64_t, std::int64_t) { ::kill(::getpid(), SIGKILL); });
    return 0;
  });
  BOOST_CHECK_EQUAL(status, -SIGKILL);
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 1u);
  BOOST_CHECK(images.cache().empty());
  BOOST_CHECK_EQUAL(images.open()->size(Split::train), 24);
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 0u);
}

BOOST_AUTO_TEST_CASE(interrupted_by_the_progress_callback) {
  Images images;
  check_error([&] { images.open([](std::int64_t, std::int64_t) { throw Error("x", "stop", Fault::interrupted); }); },
              {"stop"}, Fault::interrupted);
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 0u);
  BOOST_CHECK(images.builds());
}

BOOST_AUTO_TEST_CASE(full_disk) {
  Images images(12);
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{50000, 50000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    images.open();
    return 0;
  });
  BOOST_CHECK_EQUAL(status, 1);
  BOOST_CHECK(images.cache().empty());
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 0u);
  BOOST_CHECK(images.builds());
}

BOOST_AUTO_TEST_CASE(unwritable_cache_folder) {
  Images images;
  write(images.folder.path() / "file", "x");
  images.settings.cache_path = images.folder.path() / "file" / "cache";
  check_error([&] { images.open(); }, {"file/cache"}, Fault::failure);
}

BOOST_AUTO_TEST_CASE(progress_reaches_the_end) {
  Images images;
  std::int64_t last = 0, of = 0;
  const auto thread = std::this_thread::get_id();
  images.open([&](std::int64_t done, std::int64_t total) {
    BOOST_CHECK(done > last && done <= total);
    BOOST_CHECK(std::this_thread::get_id() == thread);
    last = done, of = total;
  });
  BOOST_CHECK_EQUAL(last, 36);
  BOOST_CHECK_EQUAL(of, 36);
}

BOOST_AUTO_TEST_CASE(contact_sheet) {
  Images images;
  const auto store = images.open();
  const fs::path png = images.folder.path() / "sheet.png";
  write_contact_sheet(*store, {8, 16, 24}, {1, 3}, 1, png);
  const std::string file = read_file(png);
  const Dataset::Pixels sheet = decode_bytes(std::as_bytes(std::span(file)), 0, "sheet");
  BOOST_CHECK_EQUAL(sheet.width, 10 * 132 + 12);
  BOOST_CHECK_EQUAL(sheet.height, 6 * 132 + 4);
  bool gray = true, color = false;  // the first row is gray, the second is not
  for (int y = 4; y < 264; ++y)
    for (int x = 4; x < 660; ++x) {
      const std::uint8_t* const p = sheet.data.data() + 3 * (y * sheet.width + x);
      if (y < 132) gray = gray && p[0] == p[1] && p[1] == p[2];
      else if (y >= 136) color = color || p[0] != p[1];
    }
  BOOST_CHECK(gray);
  BOOST_CHECK(color);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
