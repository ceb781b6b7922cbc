// Runs side by side as the paper compares them: what each is, and what its figures and claims are computed from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/run.hpp"

namespace danas::report {

/// What a run is in the paper, by its experiment alone: data-aware where it chooses from several data configurations, else
/// hardware-aware; naive where its networks are stacks of layers. On sounds the paper's searches are all naive.
enum class Role : std::uint8_t { data_aware, hardware_aware, naive };

/// By the RAM limit: above 320 KiB, above 256 KiB, or less (table 1).
enum class DeviceSize : std::uint8_t { large, medium, small };

const char* text_of(Role role);        ///< "data-aware"
const char* text_of(DeviceSize size);  ///< "large"

struct Member {
  const Run* run;
  Role role;
  DeviceSize size;
  bool sounds;       ///< F1 counts, else accuracy
  std::string name;  ///< of its folder
  /// Whether it is a search as the paper's. Where some are genetic, searches of other strategies stand beside them as
  /// something to compare with, as do those that train every system from scratch.
  bool of_paper;
};

class Comparison {
 public:
  /// The runs must outlive it.
  explicit Comparison(const std::vector<Run>& runs);

  const std::vector<Member>& members() const { return members_; }
  /// Of the paper's searches. Where there are such runs without switches, those with some are left out: ablation() is about
  /// them. Of hardware-aware ones those of the largest input, as the paper does not say which it has.
  std::vector<Member> on_images(Role role, DeviceSize size) const;
  /// The hardware-aware ones by their data configuration, the largest input first.
  std::vector<std::vector<Member>> by_input(DeviceSize size) const;
  std::vector<Member> on_sounds(Role role) const;

 private:
  std::vector<Member> members_;
};

/// Of one value a run; the deviation is that of a sample (n - 1), 0 for one value.
struct Spread {
  double mean = 0, deviation = 0;
  std::size_t count = 0;
};
Spread spread_of(const std::vector<double>& values);

/// What the difference of two means says of which is the larger one: Student's t with a pooled deviation, two-sided, 95 %.
enum class Verdict : std::uint8_t { holds, does_not, cannot_be_told };
const char* text_of(Verdict verdict);  ///< "cannot be told at this scale"
/// Whether the first is larger; with fewer than two values on a side it cannot be told.
Verdict is_larger(const Spread& first, const Spread& second);

/// The front's systems with their latest scores: on test where those are known, else validation.
std::vector<Candidate> front_systems(const Run& run);
/// Whether all of them have scores on test.
bool all_tested(const std::vector<Member>& members);
/// Of the best system within the limits, chosen by validation; none where there is none.
std::optional<double> best_score(const Member& member);
/// The largest value that a system on the front of every run reaches; 1 without runs.
double common_best(const std::vector<Member>& members, Measure score);

/// The largest whole percent that the best accuracy of every run reaches, as its search saw it; none without runs.
std::optional<double> common_threshold(const std::vector<Member>& members);

/// When a run first had a system of at least that accuracy.
struct Reached {
  std::int64_t systems = 0;  ///< evaluated until then, that one included; the same network again does not count
  double seconds = 0;
  std::int64_t images = 0;  ///< 0: not on record
};
std::optional<Reached> reached(const Run& run, double accuracy);

}  // namespace danas::report
