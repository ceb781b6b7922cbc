#include "cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fmt/core.h>

#include "base/units.hpp"
#include "base/utf8.hpp"

namespace danas {
namespace {

constexpr double seconds_between_bars = 0.1, seconds_between_lines = 10;
constexpr int bar_cells = 24;

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

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
  since_shown_.emplace();
}

void ProgressDisplay::update(const std::string& what, std::int64_t done, std::int64_t total,
                             std::optional<double> share) {
  if (mode_ == Mode::quiet) return;
  const std::lock_guard lock(mutex_);
  const double part =
      std::clamp(share.value_or(total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0), 0.0, 1.0);
  if (what != what_ || done < what_first_) {
    what_ = what;
    since_what_.lap();
    what_first_ = done;
    if (!share) since_start_.reset();  // each phase without a share of its own is a job of its own
  }
  if (!since_start_) {
    since_start_.emplace();
    first_share_ = part;
  }
  const double pause = mode_ == Mode::bar ? seconds_between_bars : seconds_between_lines;
  if (since_shown_ && since_shown_->seconds() < pause) return;
  since_shown_.emplace();
  draw(text(what, done, total, part), part);
}

void ProgressDisplay::clear() {
  const std::lock_guard lock(mutex_);
  wipe();
}

std::string ProgressDisplay::text(const std::string& what, std::int64_t done, std::int64_t total, double share) const {
  std::string text = fmt::format("{:3.0f} %  {} {}/{}", 100 * share, printable(what), done, total);
  const double here = since_what_.seconds(), all = since_start_->seconds();
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
