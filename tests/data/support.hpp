// What the tests of data share: a folder of their own, small images, expectations of errors.
#pragma once

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "../temporary_folder.hpp"
#include "base/error.hpp"
#include "data/image_store.hpp"

namespace danas::test {

void write(const std::filesystem::path& file, const std::string& content);

/// $DANAS_DATA, or ../shared/data beside the repository. Suites that need it have has_real_data() as precondition.
std::filesystem::path real_data();
boost::test_tools::assertion_result has_real_data(boost::unit_test::test_unit_id);

/// Smooth color pixels that JPEG keeps well; `variant` changes them.
Dataset::Pixels smooth_pixels(int width, int height, int channels, int variant = 0);

/// The whole image, averaged by area.
Dataset::Pixels resized(const Dataset::Pixels& pixels, int width, int height);

/// SPLIT/CLASS/*.png of a few small images for classes "a" and "b"; `count` images a class in each split.
void make_folders(const std::filesystem::path& root, int count);

/// Settings of class folders at `root` with the cache in `cache`.
DataSettings folder_settings(const std::filesystem::path& root, const std::filesystem::path& cache);

/// Whether some line "FILE: REASON" of the problems has the text.
bool has_problem(const Dataset& dataset, const std::string& text);

std::size_t files_in(const std::filesystem::path& folder, const std::string& part_of_name);

/// Folders of small images and their cache.
struct StoredImages {
  explicit StoredImages(int count = 6);  ///< images a class in each split

  std::unique_ptr<ImageStore> store(const Progress& progress = {}) const;
  /// Whether opening the training images of 24 pixels has to look at any image.
  bool builds() const;
  std::filesystem::path cache() const;  ///< the file of those

  TemporaryFolder folder;
  DataSettings settings;
  ImageUse use{1000, 0, 3};
};

/// Sizes, pixels and labels of a whole set, as training is given them.
std::string content_of(const ImageSet& set);

/// Runs `body` in a child process; its exit status, or minus the signal that ended it.
template <class Body>
int in_child(Body&& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 99;
    try {
      status = body();
    } catch (const Error& error) {
      status = error.exit_status();
    } catch (...) {  // must not go on with the tests
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Runs `body`, which must throw an Error of one line with every one of `texts` in it.
template <class Body>
void check_error(Body&& body, const std::vector<std::string>& texts, Fault fault = Fault::input) {
  try {
    body();
    BOOST_ERROR("no Error was thrown");
  } catch (const Error& error) {
    const std::string message = error.what();
    for (const std::string& text : texts)
      BOOST_CHECK_MESSAGE(message.find(text) != std::string::npos, "'" << text << "' is not in: " << message);
    BOOST_CHECK_MESSAGE(message.find('\n') == std::string::npos, "several lines: " << message);
    BOOST_CHECK(error.fault() == fault);
  }
}

}  // namespace danas::test
