#include "base/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"

namespace danas {

namespace {

constexpr char succeeded = '+', failed = '-';  // first byte of what a child tells

void write_all(int pipe, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(pipe, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;  // nobody listens any more
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string read_all(int pipe) {
  std::string bytes;
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::read(pipe, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
}

std::string told_by(const std::function<std::string()>& work) {
  try {
    return succeeded + work();
  } catch (const std::exception& error) {
    return failed + std::string(error.what());
  }
}

[[noreturn]] void be_child(int pipe, const std::function<std::string()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  write_all(pipe, told_by(work));
  ::_exit(0);  // what the parent has yet to write is the parent's
}

// How the child ended where it told nothing.
std::string end_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? std::string("signal ") + ::strsignal(WTERMSIG(status)) : "no result";
}

}  // namespace

std::string bytes_of_child(const std::string& name, const std::function<std::string()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw Error(name, std::string("no pipe: ") + std::strerror(errno), Fault::failure);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    be_child(ends[1], work);
  }
  const int reason = errno;
  ::close(ends[1]);
  const std::string told = child < 0 ? "" : read_all(ends[0]);
  ::close(ends[0]);
  if (child < 0) throw Error(name, std::string("no process: ") + std::strerror(reason), Fault::failure);
  const std::string end = end_of(child);
  if (told.empty()) throw expected(name, "a process that ends by itself", end, Fault::failure);
  if (told.front() == failed) throw Error(name, told.substr(1), Fault::failure);
  return told.substr(1);
}

}  // namespace danas
