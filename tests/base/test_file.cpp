#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../temporary_folder.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

namespace filesystem = std::filesystem;
using namespace danas;
using danas::test::TemporaryFolder;

namespace {

std::ptrdiff_t entries(const TemporaryFolder& folder) {
  return std::distance(filesystem::directory_iterator(folder.path()), filesystem::directory_iterator());
}

bool names(const Error& error, const filesystem::path& path) {
  return std::string(error.what()).find(path.string()) != std::string::npos;
}

// Runs body in a child whose files may not grow beyond `bytes`; true when the child says so. That is a full disk,
// also for root.
template <class Body>
bool with_full_disk(rlim_t bytes, const Body& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);
    ::_exit(body() ? 0 : 1);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(write_file_replaces_the_whole_content) {
  const TemporaryFolder folder;
  const filesystem::path path = folder.path() / "a.txt";
  write_file(path, "a long first content");
  BOOST_CHECK_EQUAL(read_file(path), "a long first content");
  write_file(path, "short");
  BOOST_CHECK_EQUAL(read_file(path), "short");
  write_file(path, "");
  BOOST_CHECK_EQUAL(read_file(path), "");
  const std::string binary("\0\xff\n\0", 4);
  write_file(path, std::as_bytes(std::span(binary)));
  BOOST_CHECK(read_file(path) == binary);
  BOOST_CHECK_EQUAL(entries(folder), 1);
}

BOOST_AUTO_TEST_CASE(an_open_reader_keeps_the_old_file) {
  const TemporaryFolder folder;
  const filesystem::path path = folder.path() / "a.txt";
  write_file(path, "old content");
  std::ifstream reader(path);
  const MappedFile map(path);
  write_file(path, "new");
  std::string line;
  std::getline(reader, line);
  BOOST_CHECK_EQUAL(line, "old content");
  BOOST_REQUIRE_EQUAL(map.bytes().size(), 11u);
  BOOST_CHECK(std::memcmp(map.bytes().data(), "old content", 11) == 0);
}

BOOST_AUTO_TEST_CASE(an_unwritable_path_is_a_failure_that_names_it) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "x");
  const filesystem::path below = folder.path() / "file" / "a.txt";
  const auto refuses = [&](const auto& action) {
    BOOST_CHECK_EXCEPTION(action(), Error, [&](const Error& error) {
      return error.fault() == Fault::failure && names(error, folder.path() / "file");
    });
  };
  refuses([&] { write_file(below, "content"); });
  refuses([&] { append_text(below, "line\n"); });
  refuses([&] { make_folder(below); });
  BOOST_CHECK_EQUAL(entries(folder), 1);
  BOOST_CHECK_EQUAL(read_file(folder.path() / "file"), "x");
}

BOOST_AUTO_TEST_CASE(a_path_that_is_a_folder_is_left_alone) {
  const TemporaryFolder folder;
  make_folder(folder.path() / "a" / "b");
  BOOST_CHECK_THROW(write_file(folder.path() / "a", "content"), Error);
  BOOST_CHECK(filesystem::is_directory(folder.path() / "a" / "b"));
  BOOST_CHECK_EQUAL(entries(folder), 1);
}

BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_old_content_and_no_litter) {
  const TemporaryFolder folder;
  const filesystem::path path = folder.path() / "a.txt";
  write_file(path, "old");
  BOOST_CHECK(with_full_disk(10000, [&] {
    try {
      write_file(path, std::string(100000, 'x'));
    } catch (const Error& error) {
      return error.fault() == Fault::failure && names(error, path);
    }
    return false;
  }));
  BOOST_CHECK_EQUAL(read_file(path), "old");
  BOOST_CHECK_EQUAL(entries(folder), 1);
}

BOOST_AUTO_TEST_CASE(a_full_disk_fails_an_append) {
  const TemporaryFolder folder;
  const filesystem::path path = folder.path() / "a.csv";
  append_text(path, "first\n");
  BOOST_CHECK(with_full_disk(6, [&] {
    try {
      append_text(path, "second\n");
    } catch (const Error& error) {
      return error.fault() == Fault::failure && names(error, path);
    }
    return false;
  }));
  BOOST_CHECK_EQUAL(read_file(path), "first\n");
}

BOOST_AUTO_TEST_CASE(append_text_appends) {
  const TemporaryFolder folder;
  append_text(folder.path() / "a.csv", "1,2\n");
  append_text(folder.path() / "a.csv", "3,4\n");
  BOOST_CHECK_EQUAL(read_file(folder.path() / "a.csv"), "1,2\n3,4\n");
}

BOOST_AUTO_TEST_CASE(whether_a_folder_can_be_made_is_known_before) {
  const TemporaryFolder folder;
  check_creatable(folder.path() / "a" / "b");
  check_creatable(folder.path());
  BOOST_CHECK_EQUAL(entries(folder), 0);
  write_file(folder.path() / "file", "here");
  for (const char* below : {"file", "file/a", "file/a/b"})
    BOOST_CHECK_EXCEPTION(check_creatable(folder.path() / below), Error, [&](const Error& error) {
      return error.fault() == Fault::failure && names(error, folder.path() / below);
    });
}

BOOST_AUTO_TEST_CASE(make_folder_makes_parents_and_accepts_what_is_there) {
  const TemporaryFolder folder;
  make_folder(folder.path() / "a" / "b" / "c");
  make_folder(folder.path() / "a" / "b" / "c");
  BOOST_CHECK(filesystem::is_directory(folder.path() / "a" / "b" / "c"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_an_input_error_that_names_it) {
  const TemporaryFolder folder;
  for (const filesystem::path& path : {folder.path() / "missing", folder.path()}) {
    const auto is_clear = [&](const Error& error) { return error.fault() == Fault::input && names(error, path); };
    BOOST_CHECK_EXCEPTION(read_file(path), Error, is_clear);
    BOOST_CHECK_EXCEPTION(MappedFile{path}, Error, is_clear);
  }
}

BOOST_AUTO_TEST_CASE(mapped_file_shows_the_content_and_moves) {
  const TemporaryFolder folder;
  const std::string content = "mapped content";
  write_file(folder.path() / "a", content);
  write_file(folder.path() / "empty", "");
  MappedFile map(folder.path() / "a");
  const auto text = [](const MappedFile& file) {
    return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  };
  BOOST_CHECK_EQUAL(text(map), content);
  MappedFile moved(std::move(map));
  BOOST_CHECK_EQUAL(text(moved), content);
  MappedFile assigned(folder.path() / "empty");
  BOOST_CHECK(assigned.bytes().empty());
  assigned = std::move(moved);
  BOOST_CHECK_EQUAL(text(assigned), content);
  BOOST_CHECK(MappedFile().bytes().empty());
}

// A pipe without a writer would be waited for without end.
BOOST_AUTO_TEST_CASE(only_regular_files_are_read, *boost::unit_test::timeout(60)) {
  const TemporaryFolder folder;
  const filesystem::path pipe = folder / "pipe";
  BOOST_REQUIRE_EQUAL(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& [path, kind] : {std::pair(pipe, "a pipe"), std::pair(filesystem::path("/dev/null"), "a device"),
                                   std::pair(folder.path(), "a folder")}) {
    const auto refused = [&, name = path, what = std::string(kind)](const Error& error) {
      return names(error, name) && std::string(error.what()).ends_with("expected a regular file, got " + what);
    };
    BOOST_CHECK_EXCEPTION(read_file(path), Error, refused);
    BOOST_CHECK_EXCEPTION(MappedFile{path}, Error, refused);
  }
}
