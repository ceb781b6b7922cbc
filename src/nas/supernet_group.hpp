// Which systems are slices of the same supernet, and what each step of its training sees and trains: [supernet] shared and
// scheme.
#pragma once

#include <string>
#include <vector>

#include "nas/slice_schedule.hpp"
#include "nas/system_trainer.hpp"

namespace danas {

/// The data configurations of one supernet: of one that is shared, every resolution of a color, as no weight of MobileNetV2
/// depends on the resolution.
struct SupernetGroup {
  std::string name;                     ///< "96-monochrome"; of all resolutions "monochrome"
  std::vector<DataConfiguration> data;  ///< ascending

  /// The network's layers are those of this one; another resolution's differ in extents alone.
  const DataConfiguration& largest() const { return data.back(); }
};

/// Of the experiment's space, in its order; none of stacks.
std::vector<SupernetGroup> supernet_groups(const Experiment& experiment);
/// The one of a data configuration; throws Error where none has it.
const SupernetGroup& group_of(const std::vector<SupernetGroup>& groups, const DataConfiguration& data);

/// Of several data configurations each step draws one, which its batch is of. A step's are a pure function of the
/// experiment's seed and the step.
class GroupSchedule {
 public:
  GroupSchedule(const Experiment& experiment, SupernetGroup group, int classes);

  BatchStream stream(std::int64_t step) const;
  /// For Trainer::train(), valid as long as this: nothing where every step trains the whole network as it is.
  SliceSource slices() const;
  /// Of a data configuration, by its place in the group.
  const SliceSchedule& schedule(std::size_t place) const { return schedules_[place]; }

  double share_of_full() const;  ///< the mean of SliceSchedule::share_of_full()
  double work() const;           ///< FLOP of products of the whole training

 private:
  std::size_t place_at(std::int64_t step) const;
  double mean(double (SliceSchedule::*value)() const) const;

  std::uint64_t seed_;
  SupernetGroup group_;
  std::vector<SliceSchedule> schedules_;
};

}  // namespace danas
