#include "launch_log.hpp"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

namespace danas::emulation {

namespace {

enum class Touch : unsigned char { untouched, read, written, read_then_written };

struct Log {
  bool on = false, watched = false;
  std::vector<LoggedLaunch> launches;
  std::map<std::uintptr_t, std::vector<Touch>> regions;  // by address: a mark a page
  struct sigaction before {};
  std::vector<std::byte> stack;  // the handler's: a fiber's may be too small
};
Log log;

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

void protect(int protection) {
  for (const auto& [address, pages] : log.regions)
    ::mprotect(reinterpret_cast<void*>(address), pages.size() * page_size(), protection);
}

bool is_write([[maybe_unused]] const void* context) {
#if defined(__x86_64__)
  return (static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
  return true;
#endif
}

// The first access of a page opens it for reading or, where that writes, altogether.
void note_access(int, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  const auto after = log.regions.upper_bound(address);
  if (after == log.regions.begin()) std::abort();
  auto& [first, pages] = *std::prev(after);
  const std::size_t page = (address - first) / page_size();
  if (page >= pages.size()) std::abort();
  const bool write = is_write(context);
  if (write) pages[page] = pages[page] == Touch::read ? Touch::read_then_written : Touch::written;
  else pages[page] = Touch::read;
  ::mprotect(reinterpret_cast<void*>(first + page * page_size()), page_size(),
             write ? PROT_READ | PROT_WRITE : PROT_READ);
}

void catch_accesses() {
  log.stack.resize(1 << 16);
  const stack_t stack{log.stack.data(), 0, log.stack.size()};
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = note_access;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigaction(SIGSEGV, &action, &log.before);
}

void stop_catching() {
  ::sigaction(SIGSEGV, &log.before, nullptr);
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
}

}  // namespace

bool can_watch_pages() {
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

LaunchLog::LaunchLog(Pages pages) {
  log.on = true;
  log.watched = pages == Pages::watched;
  if (log.watched) catch_accesses();
}

LaunchLog::~LaunchLog() {
  if (log.watched) stop_catching();
  log.on = log.watched = false;
  log.launches.clear();
}

const std::vector<LoggedLaunch>& LaunchLog::launches() const { return log.launches; }
void LaunchLog::forget() { log.launches.clear(); }

void* watched_memory(std::size_t bytes) {
  if (!log.watched) return nullptr;
  const std::size_t pages = (bytes + page_size()) / page_size();
  void* const memory = ::mmap(nullptr, pages * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  log.regions[reinterpret_cast<std::uintptr_t>(memory)].resize(pages);
  return memory;
}

bool free_watched(void* memory) {
  const auto region = log.regions.find(reinterpret_cast<std::uintptr_t>(memory));
  if (region == log.regions.end()) return false;
  ::munmap(memory, region->second.size() * page_size());
  log.regions.erase(region);
  return true;
}

void launch_begins(const std::string& kernel, dim3 grid) {
  if (!log.on) return;
  log.launches.push_back({kernel, static_cast<double>(grid.x) * grid.y * grid.z, 0, 0});
  for (auto& [address, pages] : log.regions) pages.assign(pages.size(), Touch::untouched);
  protect(PROT_NONE);
}

void launch_ends() {
  if (!log.on) return;
  protect(PROT_READ | PROT_WRITE);
  const auto page = static_cast<double>(page_size());
  for (const auto& [address, pages] : log.regions)
    for (const Touch touch : pages) {
      if (touch == Touch::read || touch == Touch::read_then_written) log.launches.back().read += page;
      if (touch == Touch::written || touch == Touch::read_then_written) log.launches.back().written += page;
    }
}

}  // namespace danas::emulation
