#include <algorithm>
#include <cmath>
#include <system_error>

#include <fmt/core.h>

#include "report/sections.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

/// A value with a bar that shows its share of the limit.
std::string gauge(const char* name, long long bytes, const std::optional<long long>& limit) {
  if (!limit) return fmt::format("<div class=\"tile\"><dt>{}</dt><dd>{}</dd></div>\n", name, kib(bytes));
  const double share = static_cast<double>(bytes) / static_cast<double>(*limit);
  return fmt::format("<div class=\"tile\"><dt>{}</dt><dd>{} <small>of {}</small></dd>"
                     "<div class=\"meter\"><i style=\"width:{:.1f}%\"></i></div><small>{} used</small></div>\n",
                     name, kib(bytes), kib(*limit), std::min(100.0, 100 * share), percent(share, share < 0.1 ? 1 : 0));
}

/// "test images", with their number where it is known.
std::string items(const Run& run, const FrontRow& best) {
  if (!best.test) return escape(best.split) + ' ' + run.settings.items();
  const bool counted = run.summary && run.summary->test_images;
  return (counted ? thousands(*run.summary->test_images) + ' ' : "") + "test " + run.settings.items();
}

/// On the test split where that is known.
const Measures& latest_scores(const FrontRow& best) { return best.test ? *best.test : best.measures; }

std::string score_tile(const FrontRow& best) {
  const Measures& scores = latest_scores(best);
  return fmt::format("<div class=\"tile\"><dt>{} accuracy</dt><dd>{}</dd>"
                     "<small>precision {} · recall {} · F1 {}</small></div>\n",
                     best.test ? "test" : escape(best.split), percent(scores[Measure::accuracy]),
                     percent(scores[Measure::precision]), percent(scores[Measure::recall]),
                     percent(scores[Measure::f1]));
}

std::string model_line(const Run& run, const FrontRow& best, const std::filesystem::path& page) {
  namespace fs = std::filesystem;
  const std::string name = RunFiles("").model(best.id).string();  // within the directory
  std::error_code code;
  if (!fs::exists(run.files.model(best.id), code))
    return fmt::format("<p class=\"model\">Its model file, <code>{}</code>, is not written yet.</p>\n", escape(name));
  const fs::path relative = fs::relative(run.files.model(best.id), page.empty() ? fs::path(".") : page, code);
  const std::string link = code || relative.empty() ? name : url_path(relative);
  return fmt::format("<p class=\"model\">Model file: <a href=\"{}\"><code>{}</code></a> in the run directory "
                     "<code>{}</code>. Try it there with <code>danas predict {} {}</code>.</p>\n",
                     escape(link), escape(name), escape(run.label), escape(name),
                     run.settings.of_sounds() ? "RECORDING" : "IMAGE");
}

std::string sentence(const Run& run, const FrontRow& best) {
  const Settings& settings = run.settings;
  const std::string owner = settings.device.empty() ? "the device" : "the " + escape(settings.device);
  return fmt::format(
      "The best system within the limits sees <b>{}</b> {} (<span class=\"nowrap\">{}</span>) and is right on "
      "<b>{} of the {}</b>, with <b>{}</b> of RAM{} and <b>{}</b> of flash{}.",
      escape(data_text(best.data)), settings.of_sounds() ? "features" : "images",
      escape(architecture_text(best.architecture)), percent(latest_scores(best)[Measure::accuracy]), items(run, best),
      kib(best.measures.count(Measure::ram_bytes)),
      settings.ram_limit ? fmt::format(" ({} has {})", owner, kib(*settings.ram_limit)) : "",
      kib(best.measures.count(Measure::flash_bytes)),
      settings.flash_limit ? fmt::format(" (of {})", kib(*settings.flash_limit)) : "");
}

}  // namespace

std::string headline(const Run& run, const std::filesystem::path& page, const std::string& heading) {
  std::string html = "<section class=\"hero\">\n" + heading;
  if (!run.best) {
    const char* text = !run.candidates.empty() || !run.skipped.empty()
                           ? "No system within the device's limits has been found."
                       : run.diverged.empty() ? "No system has been evaluated yet."
                                              : "The training of every system has diverged.";
    return html + fmt::format("<p class=\"headline\">{}</p>\n</section>\n", text);
  }
  const FrontRow& best = run.front[*run.best];
  html += fmt::format(
      "<p class=\"headline\">{}</p>\n<p class=\"quiet\">{}</p>\n<dl class=\"tiles\">\n", sentence(run, best),
      run.settings.stacks ? "Layers: of each convolution its filters, the side of its kernel, r for ReLU "
                            "and s for sigmoid."
                          : "Depths: how many blocks the stages 3 to 7 of MobileNetV2 keep; width: the "
                            "share of its channels.");
  html += fmt::format("<div class=\"tile\"><dt>system</dt><dd>No. {}</dd><small>{}<br>{}</small></div>\n", best.id,
                      escape(data_text(best.data)), escape(architecture_text(best.architecture)));
  html += score_tile(best);
  html += gauge("RAM", best.measures.count(Measure::ram_bytes), run.settings.ram_limit);
  html += gauge("flash", best.measures.count(Measure::flash_bytes), run.settings.flash_limit);
  return html + "</dl>\n" + model_line(run, best, page) + "</section>\n";
}

}  // namespace danas::report
