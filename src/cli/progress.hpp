// Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing when quiet.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/stopwatch.hpp"

namespace danas {

class ProgressDisplay {
 public:
  explicit ProgressDisplay(bool quiet);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  /// A finished fact: one line that stays.
  void log(const std::string& line);
  /// `done` of `total` of something; `share` of the whole job in [0, 1] (default: done / total). Thread-safe; drawn at
  /// most ten times a second, as plain lines at most every ten seconds.
  void update(const std::string& what, std::int64_t done, std::int64_t total, std::optional<double> share = {});
  /// Wipes the bar.
  void clear();

 private:
  enum class Mode { bar, lines, quiet };

  std::string text(const std::string& what, std::int64_t done, std::int64_t total, double share) const;
  void draw(const std::string& text, double share);
  void wipe();

  const Mode mode_;
  std::mutex mutex_;
  bool drawn_ = false;
  std::optional<Stopwatch> since_shown_;
  std::string what_;  ///< what the rate is of, since when and from which count
  Stopwatch since_what_;
  std::int64_t what_first_ = 0;
  std::optional<Stopwatch> since_start_;  ///< of the whole job, and the share done then (a resume begins above 0)
  double first_share_ = 0;
};

}  // namespace danas
