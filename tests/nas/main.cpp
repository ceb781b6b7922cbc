#define BOOST_TEST_MODULE nas
#include <boost/test/unit_test.hpp>
