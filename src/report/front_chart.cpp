#include "report/front_chart.hpp"

#include <fmt/core.h>

#include "report/chart_data.hpp"
#include "report/palette.hpp"
#include "report/staircase.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

std::string accuracy_text(const Measures& measures) { return percent(measures[Measure::accuracy]); }

std::string hover(const Candidate& c, const FrontRow* final) {
  std::string text =
      fmt::format("No. {}: {}, {}; {} ", c.id, data_text(c.data), architecture_text(c.architecture), c.split);
  if (final) text += fmt::format("{} (final), ", accuracy_text(final->measures));
  text += fmt::format("{} (search)", accuracy_text(c.measures));
  if (final && final->test) text += fmt::format(", test {}", accuracy_text(*final->test));
  return text + fmt::format("; RAM {}, flash {}", kib(c.measures.count(Measure::ram_bytes)),
                            kib(c.measures.count(Measure::flash_bytes)));
}

/// Of the systems of one data configuration.
Series points(const Run& run, const std::vector<std::string>& configurations, const std::string& data) {
  const ConfigurationMark mark = configuration_mark(configurations, data);
  Series series;
  series.name = series.legend = data_text(data);
  series.look = {mark.color, mark.diamond ? Shape::diamond : Shape::circle, Dash::solid};
  series.sign.large = true;
  for (const Candidate& c : run.candidates) {
    if (c.data != data) continue;
    const FrontRow* final = run.final_of(c.id);
    series.marks.push_back({c.measures[Measure::ram_bytes], (final ? *final : c).measures[Measure::accuracy],
                            hover(c, final), 0, !c.fits(), final != nullptr});
  }
  return series;
}

Series line(const Run& run) {
  Series series;
  series.name = series.legend = "best with that much RAM";
  series.look = {"#1c2733"};
  series.join = Join::steps;
  series.shows_marks = false;
  for (const auto& [bytes, accuracy] : staircase(run.latest(), Measure::ram_bytes))
    series.marks.push_back({static_cast<double>(bytes), accuracy});
  if (run.settings.ram_limit) series.ends_at = static_cast<double>(*run.settings.ram_limit);
  return series;
}

/// What a mark means, whatever its color.
Series sign(const std::string& meaning, bool hollow, bool large) {
  Series series;
  series.legend = meaning;
  series.look = {"#69737d"};
  series.sign.hollow = hollow;
  series.sign.large = large;
  return series;
}

// A long name would leave the picture.
std::string limit_text(const Settings& settings) {
  constexpr std::size_t longest_name = 30;
  const bool named = !settings.device.empty() && settings.device.size() <= longest_name;
  return (named ? settings.device + ": " : "limit ") + kib(*settings.ram_limit);
}

}  // namespace

Chart front_chart(const Run& run) {
  Chart chart;
  chart.title = "Accuracy against RAM";
  chart.width = 760;
  chart.x = {"RAM, KiB", Reading::kibibytes, false};
  chart.y = {"Accuracy (" + run.split() + ")", Reading::percent, false};
  const std::vector<std::string> configurations = data_configurations({run});
  for (const std::string& data : configurations) chart.series.push_back(points(run, configurations, data));
  chart.series.push_back(line(run));
  if (run.front_from_file) chart.series.push_back(sign("trained to the end", false, true));
  chart.series.push_back(sign("as the search saw it", false, false));
  chart.series.push_back(sign("over a limit", true, false));
  if (run.settings.ram_limit)
    chart.limit = Limit{static_cast<double>(*run.settings.ram_limit), limit_text(run.settings)};
  return chart;
}

}  // namespace danas::report
