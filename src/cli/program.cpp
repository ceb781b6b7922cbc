#include "cli/program.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "cli/arguments.hpp"

namespace danas {

void print_error(const std::string& message) {
  std::fflush(stdout);
  std::fprintf(stderr, "danas: %s\n", printable(message).c_str());
}

namespace {

/// Output that did not reach its file (a full disk) is a failure, not a success with a gap.
void check_output() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    throw Error("standard output", std::string("cannot be written: ") + std::strerror(errno), Fault::failure);
  }
}

int run(const std::vector<std::string>& arguments) {
  const auto job = parse_arguments(arguments);
  const int status = job();
  check_output();
  return status;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments) noexcept {
  // A file beyond the size limit is then an error of write() with a message instead of a silent death.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run(arguments);
  } catch (const Error& error) {
    print_error(error.what());
    return error.exit_status();
  } catch (const std::bad_alloc&) {
    print_error("[memory] expected enough memory, got none left; use a smaller batch or resolution");
  } catch (const std::filesystem::filesystem_error& error) {
    print_error(Error(error.path1().string(), error.code().message()).what());
  } catch (const std::system_error& error) {
    const bool threads = error.code() == std::errc::resource_unavailable_try_again;
    print_error(Error(threads ? "threads" : "system",
                      threads ? "expected one more thread, got none: " + error.code().message() : error.what())
                    .what());
  } catch (const std::exception& error) {
    print_error(std::string("[internal] ") + error.what());
  }
  return static_cast<int>(Fault::failure);
}

}  // namespace danas
