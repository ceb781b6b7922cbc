#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

#include "process.hpp"

using namespace danas::test;

namespace {

/// What headers come from which library; an empty name for those of the system, whose code is not linked in.
const std::vector<std::pair<std::string, std::string>> libraries = {
    // clang-format off
    {"CLI/", "CLI11"}, {"fmt/", "fmt"}, {"nlohmann/", "nlohmann-json"}, {"toml++/", "toml++"},
    {"stb/stb_image.h", "stb_image"}, {"stb/stb_image_write.h", "stb_image_write"},
    {"jpeglib.h", "libjpeg-turbo"}, {"jerror.h", "libjpeg-turbo"}, {"webp/", "libwebp"}, {"xxhash.h", "xxHash"}, {"kissfft/", "KISS FFT"},
    {"cuda_bf16.h", "CUDA"}, {"cuda_fp16.h", "CUDA"}, {"cuda_runtime.h", "CUDA"}, {"mma.h", "CUDA"}, {"thrust/", "Thrust"}, {"sys/", ""}, {"arm_neon.h", ""}, {"dirent.h", ""}, {"dlfcn.h", ""}, {"fcntl.h", ""}, {"immintrin.h", ""}, {"malloc.h", ""}, {"sched.h", ""}, {"unistd.h", ""}};
// clang-format on

/// Headers that are neither the project's nor C++'s own: `#include <jpeglib.h>`.
std::set<std::string> foreign_headers() {
  std::set<std::string> headers;
  for (const auto& [name, content] : snapshot(source_folder() / "src"))
    for (std::size_t at = content.find("#include <"); at != content.npos; at = content.find("#include <", at + 1)) {
      const std::size_t begin = at + 10, end = content.find('>', begin);
      const std::string header = content.substr(begin, end - begin);
      if (header.find_first_of("./") != header.npos) headers.insert(header);
    }
  return headers;
}

/// The notices of a library: what stands between its heading, "NAME VERSION: …", and the next one.
std::string section(const std::string& notices, const std::string& library) {
  const std::string line(100, '=');
  for (std::size_t at = notices.find(line); at != notices.npos; at = notices.find(line, at + 1)) {
    const std::size_t begin = at + line.size() + 1, end = notices.find('\n', begin);
    if (notices.compare(end + 1, line.size(), line) != 0) continue;  // the line below a heading
    std::string heading = notices.substr(begin, end - begin);
    heading = heading.substr(0, heading.find(':'));
    std::replace_if(
        heading.begin(), heading.end(), [](char c) { return c == ',' || c == '(' || c == ')'; }, ' ');
    if ((" " + heading + " ").find(" " + library + " ") == std::string::npos) continue;
    const std::size_t body = end + 1 + line.size();
    return notices.substr(body, notices.find(line, body) - body);
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(licenses)

BOOST_AUTO_TEST_CASE(every_library_that_is_linked_in_has_its_notices) {
  const Scratch scratch;
  const Outcome outcome = run({"--licenses"}, {scratch.path(), {}, 0});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.err == "");
  BOOST_TEST(outcome.out == read(source_folder() / "docs" / "third-party.txt"));

  // Those without a header here: the charts of the report, the runtime libraries.
  std::set<std::string> linked{"Chart.js", "@kurkle/color", "libstdc++", "libgcc", "glibc"};
  const std::set<std::string> headers = foreign_headers();
  BOOST_TEST(headers.size() > 15u);
  for (const std::string& header : headers) {
    const auto known = std::find_if(libraries.begin(), libraries.end(),
                                    [&](const auto& library) { return header.starts_with(library.first); });
    BOOST_TEST_REQUIRE((known != libraries.end()), header << " is of no known library");
    if (!known->second.empty()) linked.insert(known->second);
  }
  for (const std::string& library : linked) {
    const std::string notices = section(outcome.out, library);
    BOOST_TEST(notices.find("Copyright") != std::string::npos, library);
    BOOST_TEST((notices.find("AS IS") != std::string::npos || notices.find("GNU") != std::string::npos), library);
  }
}

BOOST_AUTO_TEST_SUITE_END()
