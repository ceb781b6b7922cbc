#include "report/text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

#include "base/utf8.hpp"

namespace danas::report {

namespace {

constexpr std::string_view narrow_space = "\u202f";  // no-break: a number stays with its unit

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 8);
  for (const char c : valid_utf8(text)) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default:
        if (static_cast<unsigned char>(c) >= 32 || c == '\n' || c == '\t') escaped += c;
    }
  }
  return escaped;
}

std::string url_path(const std::filesystem::path& path) {
  constexpr std::string_view plain = "-._~/";
  std::string url;
  for (const char c : path.generic_string()) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || plain.find(c) != plain.npos) url += c;
    else url += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return url;
}

std::string thousands(long long value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string kib(long long bytes) {
  const double value = static_cast<double>(bytes) / 1024;
  const double tenths = std::round(value * 10) / 10;
  if (tenths < 100 && tenths != std::floor(tenths)) return fmt::format("{:.1f}{}KiB", value, narrow_space);
  return thousands(std::llround(value)) + std::string(narrow_space) + "KiB";
}

std::string percent(double share, int digits) { return fmt::format("{:.{}f}{}%", share * 100, digits, narrow_space); }

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e12) return "unknown";
  if (seconds < 9.95) return fmt::format("{:.1f}{}s", seconds, narrow_space);
  const long long whole = std::llround(seconds);
  if (whole < 120) return fmt::format("{}{}s", whole, narrow_space);
  const long long minutes = (whole + 30) / 60;
  if (minutes < 120) return fmt::format("{}{}min", minutes, narrow_space);
  return fmt::format("{}{}h {}{}min", minutes / 60, narrow_space, minutes % 60, narrow_space);
}

std::string compact(double value) {
  const char* unit = "";
  if (value >= 999.5e6) value /= 1e9, unit = "G";
  else if (value >= 999.5e3) value /= 1e6, unit = "M";
  else if (value >= 999.5) value /= 1e3, unit = "k";
  else return fmt::format("{:.0f}", value);
  const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}{}", value, digits, narrow_space, unit);
}

std::string data_text(std::string_view data) {
  const std::size_t dash = data.find('-');
  if (dash == data.npos || !is_digits(data.substr(0, dash))) return std::string(data);
  const std::string_view number = data.substr(0, dash), rest = data.substr(dash + 1);
  if (rest == "monochrome" || rest == "rgb") return fmt::format("{0}×{0} {1}", number, rest);
  return fmt::format("{} Hz {}", number, rest);
}

std::string architecture_text(std::string_view architecture) {
  const std::size_t space = architecture.find(' ');
  if (space == architecture.npos) return std::string(architecture);
  return fmt::format("depths {}, width {}", architecture.substr(0, space), architecture.substr(space + 1));
}

}  // namespace danas::report
