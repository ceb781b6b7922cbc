#include "cli/summary.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/units.hpp"
#include "report/run.hpp"
#include "results/run_files.hpp"

namespace danas {
namespace {

// The unit stands elsewhere.
std::string kib(long long bytes) { return fmt::format("{:.1f}", kibibytes(static_cast<double>(bytes))); }

std::string accuracy_text(const Measures& measures) { return percent_text(measures[Measure::accuracy]); }

std::string test_text(const FrontRow& row) { return row.test ? accuracy_text(*row.test) : "-"; }

std::string best_text(const FrontRow& best, const Device& device) {
  std::string text =
      fmt::format("\nbest system within {}: {} {} (id {})\n", device.name, best.data, best.architecture, best.id);
  text += fmt::format("  accuracy  {} {}, test {}\n", best.split, accuracy_text(best.measures), test_text(best));
  text += fmt::format("  RAM       {} of {} KiB\n", kib(best.measures.count(Measure::ram_bytes)), device.ram_kib);
  text += fmt::format("  flash     {} of {} KiB\n", kib(best.measures.count(Measure::flash_bytes)), device.flash_kib);
  return text;
}

std::string front_text(std::vector<FrontRow> front, const Objectives& objectives) {
  std::sort(front.begin(), front.end(), [](const FrontRow& a, const FrontRow& b) {
    return a.measures[Measure::accuracy] > b.measures[Measure::accuracy];
  });
  std::string text = fmt::format("\nfront (no other system is as good in {}):\n", labels(objectives));
  text += fmt::format("  {:>6}  {:<15} {:<15} {:>10} {:>8} {:>10} {:>10}\n", "id", "data", "architecture",
                      front.empty() ? "" : front.front().split, "test", "RAM KiB", "flash KiB");
  for (const FrontRow& one : front) {
    text += fmt::format("  {:>6}  {:<15} {:<15} {:>10} {:>8} {:>10} {:>10}\n", one.id, one.data, one.architecture,
                        accuracy_text(one.measures), test_text(one), kib(one.measures.count(Measure::ram_bytes)),
                        kib(one.measures.count(Measure::flash_bytes)));
  }
  return text;
}

}  // namespace

std::string search_summary(const std::filesystem::path& directory, const Device& device) {
  const report::Run run = report::read_run(directory);
  const RunFiles files(directory);
  std::string text;
  if (run.best) {
    text += best_text(run.front[*run.best], device);
  } else if (run.candidates.empty() && run.skipped.empty()) {
    text += "\nevery system diverged in training: a lower learning_rate may help\n";
  } else {
    text += fmt::format("\nno system within {} ({} KiB RAM, {} KiB flash) was found\n", device.name, device.ram_kib,
                        device.flash_kib);
  }
  if (!run.front.empty()) text += front_text(run.front, run.settings.objectives);
  const auto counted = [](const std::vector<std::int64_t>& ids, const char* what) {
    return ids.empty() ? "" : fmt::format(", {} {}", ids.size(), what);
  };
  text += fmt::format("\nsystems   {} evaluated{}{}, {} on the front\n", run.candidates.size() + run.diverged.size(),
                      counted(run.diverged, "diverged"), counted(run.skipped, "skipped"), run.front.size());
  text += fmt::format("run       {}\n", directory.string());
  if (run.best) text += fmt::format("model     {}\n", files.model(run.front[*run.best].id).string());
  text += fmt::format("report    {}\n", files.report().string());
  return text;
}

}  // namespace danas
