#include "report/front_volume.hpp"

#include "results/hypervolume.hpp"

namespace danas::report {

std::optional<double> front_volume(const Run& run, const std::vector<Measures>& systems) {
  const Settings& settings = run.settings;
  const std::int64_t classes = run.summary ? run.summary->classes.value_or(0) : 0;
  if (!settings.ram_limit || !settings.flash_limit || classes < 2 || systems.empty()) return std::nullopt;
  return hypervolume(systems, default_objectives,
                     {{Measure::accuracy, 1 / static_cast<double>(classes)},
                      {Measure::ram_bytes, static_cast<double>(*settings.ram_limit)},
                      {Measure::flash_bytes, static_cast<double>(*settings.flash_limit)}});
}

}  // namespace danas::report
