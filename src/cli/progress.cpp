#include "cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fmt/core.h>

#include "base/utf8.hpp"

namespace danas {
namespace {

constexpr double seconds_between_bars = 0.1, seconds_between_lines = 10;
constexpr int bar_cells = 24;

double seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

ProgressDisplay::ProgressDisplay(bool quiet)
    : mode_(quiet                   ? Mode::quiet
            : isatty(STDERR_FILENO) ? Mode::bar
                                    : Mode::lines) {}

ProgressDisplay::~ProgressDisplay() { clear(); }

void ProgressDisplay::log(const std::string& line) {
  if (mode_ == Mode::quiet) return;
  const std::lock_guard lock(mutex_);
  wipe();
  std::fprintf(stderr, "%s\n", printable(line).c_str());
  last_shown_ = Clock::now();
}

void ProgressDisplay::update(const std::string& what, std::int64_t done, std::int64_t total,
                             std::optional<double> share) {
  if (mode_ == Mode::quiet) return;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const double part =
      std::clamp(share.value_or(total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0), 0.0, 1.0);
  if (what != what_ || done < what_first_) {
    what_ = what;
    what_since_ = now;
    what_first_ = done;
    if (!share) start_.reset();  // each phase without a share of its own is a job of its own
  }
  if (!start_) {
    start_ = now;
    first_share_ = part;
  }
  const double pause = mode_ == Mode::bar ? seconds_between_bars : seconds_between_lines;
  if (last_shown_ && seconds(now - *last_shown_) < pause) return;
  last_shown_ = now;
  draw(text(what, done, total, part, now), part);
}

void ProgressDisplay::clear() {
  const std::lock_guard lock(mutex_);
  wipe();
}

std::string ProgressDisplay::text(const std::string& what, std::int64_t done, std::int64_t total, double share,
                                  Clock::time_point now) {
  std::string text = fmt::format("{:3.0f} %  {} {}/{}", 100 * share, printable(what), done, total);
  const double here = seconds(now - what_since_), all = seconds(now - *start_);
  if (here > 0.5 && done > what_first_) {
    const double rate = static_cast<double>(done - what_first_) / here;
    text += fmt::format("  {:.{}f}/s", rate, rate < 10 ? 1 : 0);
  }
  if (all > 2 && share > first_share_) {
    text += "  " + duration_text(all * (1 - share) / (share - first_share_)) + " left";
  }
  return text;
}

void ProgressDisplay::draw(const std::string& text, double share) {
  if (mode_ == Mode::lines) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return;
  }
  const int full = static_cast<int>(std::lround(share * bar_cells));
  std::string line = fmt::format("[{:#<{}}{:.<{}}] {}", "", full, "", bar_cells - full, text);
  line = beginning(line, terminal_width() - 1);  // a line that wraps cannot be wiped
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressDisplay::wipe() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace danas
