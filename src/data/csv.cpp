#include "data/csv.hpp"

namespace danas {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool split_fields(std::string_view line, std::vector<std::string>& fields) {
  fields.assign(1, {});
  std::size_t at = 0;
  while (at < line.size()) {
    if (line[at] == ',') {
      fields.emplace_back();
      ++at;
    } else if (line[at] == '"' && fields.back().empty()) {
      for (++at;; ++at) {
        if (at >= line.size()) return false;
        if (line[at] == '"' && (at + 1 >= line.size() || line[at + 1] != '"')) break;
        if (line[at] == '"') ++at;
        fields.back() += line[at];
      }
      if (++at < line.size() && line[at] != ',') return false;
    } else {
      fields.back() += line[at++];
    }
  }
  return true;
}

}  // namespace danas
