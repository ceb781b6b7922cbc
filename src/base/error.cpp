#include "base/error.hpp"

#include "base/utf8.hpp"

namespace danas {

namespace {

constexpr std::size_t longest_message = 1000;

}  // namespace

Error::Error(const std::string& where, const std::string& message, Fault fault)
    : std::runtime_error("[" + shortened(where) + "] " + shortened(message, longest_message)), fault_(fault) {}

Error expected(const std::string& where, const std::string& what, const std::string& got, Fault fault) {
  return Error(where, "expected " + shortened(what, longest_message / 2) + ", got " + shortened(got), fault);
}

}  // namespace danas
