#include "data/resident_images.hpp"

#include <algorithm>
#include <optional>

#include "base/units.hpp"

namespace danas {

bool Residency::ask(const std::string& set, double bytes, double uses) {
  Asked& asked = sets_[set];
  asked.uses += uses;
  if (asked.resident || asked.uses <= 1 || bytes > std::min(largest_, left_)) return asked.resident;
  left_ -= bytes;
  return asked.resident = true;
}

const ImageTable* ResidentImages::table(const ImageSet& set, double uses) {
  const std::optional<std::uint64_t> bytes = set.pixel_bytes();
  const std::lock_guard lock(mutex_);
  if (!bytes || !residency_.ask(set.name(), static_cast<double>(*bytes), uses)) return nullptr;
  if (!lane_) lane_ = backend_.lane(1);
  const auto [table, is_new] = tables_.try_emplace(&set, set, *lane_);
  if (is_new) names_.push_back(set.name() + ", " + mib_text(static_cast<double>(*bytes)));
  return &table->second;
}

std::vector<std::string> ResidentImages::sets() {
  const std::lock_guard lock(mutex_);
  return names_;
}

}  // namespace danas
