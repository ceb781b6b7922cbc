#include "report/paper_figures.hpp"

#include <fmt/core.h>

#include "report/front_figures.hpp"
#include "report/progress_figures.hpp"
#include "report/threshold_figures.hpp"

namespace danas::report {

namespace {

/// What a figure needs and what it is.
struct Wanted {
  std::string number, runs;     ///< "4", "data-aware runs on images for the large device"
  std::vector<Figure> figures;  ///< none: such runs are absent
};

Wanted front_on_images(const Comparison& comparison, const char* number, Role role, DeviceSize size) {
  const Role other = role == Role::data_aware ? Role::hardware_aware : Role::data_aware;
  const std::string what = fmt::format("{} search, {} device", text_of(role), text_of(size));
  return {number, fmt::format("{} runs on images for the {} device", text_of(role), text_of(size)),
          image_fronts(number, what, comparison.on_images(role, size), comparison.on_images(other, size))};
}

Wanted front_on_sounds(const Comparison& comparison, const char* number, Role role) {
  const Role other = role == Role::data_aware ? Role::hardware_aware : Role::data_aware;
  return {number, fmt::format("{} runs on sounds", text_of(role)),
          sound_front(number, fmt::format("{} search on sounds", text_of(role)), comparison.on_sounds(role),
                      comparison.on_sounds(other))};
}

}  // namespace

PaperFigures paper_figures(const Comparison& comparison) {
  const auto large = [&](Role role) { return comparison.on_images(role, DeviceSize::large); };
  std::vector<Member> both = large(Role::data_aware);
  for (const Member& member : large(Role::hardware_aware)) both.push_back(member);
  const std::string compared = "data-aware or hardware-aware runs on images for the large device";
  const Wanted wanted[] = {front_on_sounds(comparison, "2", Role::data_aware),
                           front_on_sounds(comparison, "3", Role::hardware_aware),
                           front_on_images(comparison, "4", Role::data_aware, DeviceSize::large),
                           front_on_images(comparison, "5", Role::hardware_aware, DeviceSize::large),
                           {"6", compared + " of 25 systems or more", fitness_figures(both)},
                           {"7", compared, found_figures(both)},
                           front_on_images(comparison, "8", Role::data_aware, DeviceSize::medium),
                           front_on_images(comparison, "9", Role::data_aware, DeviceSize::small),
                           {"10", "naive runs, or data-aware ones, on images for the large device",
                            threshold_figures(large(Role::data_aware), large(Role::naive))}};
  PaperFigures result;
  for (const Wanted& each : wanted) {
    for (const Figure& figure : each.figures) result.figures.push_back(figure);
    if (each.figures.empty()) result.left_out.push_back(fmt::format("Figure {}: no {}", each.number, each.runs));
  }
  return result;
}

}  // namespace danas::report
