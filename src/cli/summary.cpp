#include "cli/summary.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/units.hpp"
#include "report/run.hpp"

namespace danas {
namespace {

// The unit stands elsewhere.
std::string kib(long long bytes) { return fmt::format("{:.1f}", kibibytes(static_cast<double>(bytes))); }

std::string test_text(const report::Candidate& candidate) {
  return candidate.test ? percent_text(candidate.test->accuracy) : "-";
}

std::string best_text(const report::Candidate& best, const Device& device) {
  std::string text =
      fmt::format("\nbest system within {}: {} {} (id {})\n", device.name, best.data, best.architecture, best.id);
  text += fmt::format("  accuracy  validation {}, test {}\n", percent_text(best.scores.accuracy), test_text(best));
  text += fmt::format("  RAM       {} of {} KiB\n", kib(best.ram_bytes), device.ram_kib);
  text += fmt::format("  flash     {} of {} KiB\n", kib(best.flash_bytes), device.flash_kib);
  return text;
}

std::string front_text(std::vector<report::Candidate> front) {
  std::sort(front.begin(), front.end(), [](const report::Candidate& a, const report::Candidate& b) {
    return a.scores.accuracy > b.scores.accuracy;
  });
  std::string text = "\nfront (no other system is as accurate, as small in RAM and in flash):\n";
  text += fmt::format("  {:>6}  {:<15} {:<15} {:>10} {:>8} {:>10} {:>10}\n", "id", "data", "architecture", "validation",
                      "test", "RAM KiB", "flash KiB");
  for (const report::Candidate& one : front) {
    text += fmt::format("  {:>6}  {:<15} {:<15} {:>10} {:>8} {:>10} {:>10}\n", one.id, one.data, one.architecture,
                        percent_text(one.scores.accuracy), test_text(one), kib(one.ram_bytes), kib(one.flash_bytes));
  }
  return text;
}

}  // namespace

std::string search_summary(const std::filesystem::path& directory, const Device& device) {
  const report::Run run = report::read_run(directory);
  std::string text;
  if (run.best) {
    text += best_text(run.front[*run.best], device);
  } else if (run.candidates.empty()) {
    text += "\nevery system diverged in training: lower learning_rate of [finetune]\n";
  } else {
    text += fmt::format("\nno system within {} ({} KiB RAM, {} KiB flash) was found\n", device.name, device.ram_kib,
                        device.flash_kib);
  }
  if (!run.front.empty()) text += front_text(run.front);
  const std::string diverged = run.diverged.empty() ? "" : fmt::format(", {} diverged", run.diverged.size());
  text += fmt::format("\nsystems   {} evaluated{}, {} on the front\n", run.candidates.size() + run.diverged.size(),
                      diverged, run.front.size());
  text += fmt::format("run       {}\n", directory.string());
  if (run.best)
    text += fmt::format("model     {}\n", (directory / "models" / (run.front[*run.best].id + ".safetensors")).string());
  text += fmt::format("report    {}\n", (directory / "report.html").string());
  return text;
}

}  // namespace danas
