// What a search's progress is drawn against: time, as in the paper, and images, which do not depend on the machine.
#pragma once

#include <string>
#include <vector>

#include "report/comparison.hpp"

namespace danas::report {

/// Time or images, in units that suit the longest search.
class SearchAxis {
 public:
  static SearchAxis time(const std::vector<Member>& members);
  static SearchAxis images(const std::vector<Member>& members);

  double at(double seconds, std::int64_t images) const {
    return (is_time_ ? seconds : static_cast<double>(images)) / unit_;
  }
  double at(const Candidate& c) const { return at(c.elapsed_seconds, c.images); }
  const std::string& label() const { return label_; }  ///< "images processed, millions"
  const char* ending() const { return is_time_ ? "-time" : "-images"; }
  bool is_time() const { return is_time_; }
  /// Whether every run has it on record: older ones have no images.
  bool known() const { return known_; }

 private:
  bool is_time_ = true, known_ = true;
  double unit_ = 1;
  std::string label_;
};

}  // namespace danas::report
