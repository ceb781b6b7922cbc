#define BOOST_TEST_MODULE data
#include <boost/test/unit_test.hpp>

#include <cstdlib>

#include "../temporary_folder.hpp"

namespace {

/// No test leaves anything in the user's own cache folder.
struct CacheFolder {
  CacheFolder() { ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1); }
  danas::test::TemporaryFolder folder;
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(CacheFolder);
