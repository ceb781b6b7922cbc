// Building caches: interrupted, killed, side by side, on full disks.
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <thread>

#include "base/file.hpp"
#include "support.hpp"

namespace danas::test {

namespace fs = std::filesystem;

namespace {

constexpr int many = 60;  // images a class: several chunks on any machine of this size

// As another process would, some chunks in: what was done stays.
void kill_while_building(const StoredImages& images) {
  const int status = in_child([&] {
    images.store([](std::int64_t, std::int64_t) { ::kill(::getpid(), SIGKILL); })->training({24, Color::rgb});
    return 0;
  });
  BOOST_REQUIRE_EQUAL(status, -SIGKILL);
  BOOST_CHECK(images.cache().empty());
}

std::int64_t first_progress(const StoredImages& images) {
  std::int64_t first = 0;
  images
      .store([&](std::int64_t done, std::int64_t) {
        if (first == 0) first = done;
      })
      ->training({24, Color::rgb});
  return first;
}

fs::path part_of(const StoredImages& images, const std::string& end) {
  for (const auto& entry : fs::directory_iterator(images.settings.cache_path))
    if (entry.path().string().ends_with(end)) return entry.path();
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cache_building)

BOOST_AUTO_TEST_CASE(killed_building_goes_on_where_it_stopped) {
  StoredImages whole(many), images(many);
  const std::int64_t chunk = first_progress(whole);
  BOOST_REQUIRE_LT(chunk, 2 * many);
  const std::string wanted = read_file(whole.cache());
  kill_while_building(images);
  BOOST_CHECK_EQUAL(first_progress(images), std::min<std::int64_t>(2 * chunk, 2 * many));
  const std::string found = read_file(images.cache());
  const std::size_t path = images.settings.path.string().size();  // the last bytes, and the sums over them, differ
  BOOST_REQUIRE_EQUAL(found.size(), wanted.size());
  BOOST_CHECK(found.substr(72, found.size() - 72 - path) == wanted.substr(72, found.size() - 72 - path));
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 0u);
}

BOOST_AUTO_TEST_CASE(of_an_altered_part_only_what_is_whole_is_taken_up, *boost::unit_test::label("slow")) {
  for (const char* const end : {".part", ".part-index"}) {
    for (const double share : {0.0, 0.3, 0.9}) {
      for (const bool cut : {true, false}) {
        StoredImages images(many);
        kill_while_building(images);
        const fs::path path = part_of(images, end);
        std::string part = read_file(path);
        const auto at = static_cast<std::size_t>(share * static_cast<double>(part.size()));
        if (cut) part.resize(at);
        else part[at] = static_cast<char>(part[at] ^ 0x20);
        write(path, part);
        const auto store = images.store();
        const std::string content = content_of(store->training({24, Color::rgb}));
        images.settings.cache = CacheMode::none;
        const auto none = images.store();
        BOOST_CHECK(content == content_of(none->training({24, Color::rgb})));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(interrupted_by_the_progress_callback) {
  StoredImages images(many);
  const auto stop = [](std::int64_t, std::int64_t) { throw Error("x", "stop", Fault::interrupted); };
  check_error([&] { images.store(stop)->training({24, Color::rgb}); }, {"stop"}, Fault::interrupted);
  BOOST_CHECK(images.cache().empty());
  BOOST_CHECK(images.builds());
  BOOST_CHECK(!images.builds());
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 0u);
}

BOOST_AUTO_TEST_CASE(waiting_for_another_build_can_be_seen_and_interrupted) {
  StoredImages images;
  images.store()->training({24, Color::rgb});
  const fs::path path = images.cache();
  fs::remove(path);
  const int other = ::open((path.string() + ".lock").c_str(), O_RDWR | O_CLOEXEC);
  BOOST_REQUIRE_EQUAL(::flock(other, LOCK_EX | LOCK_NB), 0);
  const auto stop = [](std::int64_t, std::int64_t) { throw Error("x", "stop", Fault::interrupted); };
  check_error([&] { images.store(stop)->training({24, Color::rgb}); }, {"stop"}, Fault::interrupted);
  int waits = 0;
  images
      .store([&](std::int64_t done, std::int64_t total) {
        BOOST_CHECK_EQUAL(total, 12);
        if (done == 0 && ++waits == 2) ::flock(other, LOCK_UN);
      })
      ->training({24, Color::rgb});
  BOOST_CHECK_EQUAL(waits, 2);
  ::close(other);
}

BOOST_AUTO_TEST_CASE(two_threads_build_at_once, *boost::unit_test::label("threads")) {
  StoredImages images(12);
  std::atomic<int> builds{0};
  std::string pixels[4];
  {
    std::vector<std::thread> threads;
    for (std::string& result : pixels)
      threads.emplace_back([&] {
        bool built = false;
        const auto store = images.store([&](std::int64_t done, std::int64_t) { built = built || done > 0; });
        result = content_of(store->training({24, Color::rgb}));
        builds += built;
      });
    for (std::thread& thread : threads) thread.join();
  }
  BOOST_CHECK_EQUAL(builds.load(), 1);
  for (const std::string& result : pixels) BOOST_CHECK(result == pixels[0] && !result.empty());
}

BOOST_AUTO_TEST_CASE(two_processes_build_at_once) {
  StoredImages images(12);
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      int status = 1;
      try {
        status = images.store()->training({24, Color::rgb}).readable().size() == 24 ? 0 : 1;
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

BOOST_AUTO_TEST_CASE(full_disk) {
  StoredImages images(12);
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{30000, 30000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    images.store()->training({24, Color::rgb});
    return 0;
  });
  BOOST_CHECK_EQUAL(status, 1);
  BOOST_CHECK(images.cache().empty());
  BOOST_CHECK_EQUAL(files_in(images.settings.cache_path, ".part"), 0u);
  BOOST_CHECK(images.builds());
}

BOOST_AUTO_TEST_CASE(progress_reaches_the_end) {
  StoredImages images(many);
  std::int64_t last = 0, of = 0;
  const auto thread = std::this_thread::get_id();
  images
      .store([&](std::int64_t done, std::int64_t total) {
        BOOST_CHECK(done > last && done <= total);
        BOOST_CHECK(std::this_thread::get_id() == thread);
        last = done, of = total;
      })
      ->training({24, Color::rgb});
  BOOST_CHECK_EQUAL(last, 2 * many);
  BOOST_CHECK_EQUAL(of, 2 * many);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace danas::test
