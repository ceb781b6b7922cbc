#include "nas/toml_source.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <sstream>

#include "base/edit_distance.hpp"
#include "base/error.hpp"

namespace danas {

namespace {

std::string float_text(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t"), end = text.find_last_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

std::vector<std::string> tables_of(const std::vector<std::string>& keys) {
  std::vector<std::string> tables;
  for (const std::string& key : keys)
    if (key.find('.') != std::string::npos) tables.push_back(key.substr(0, key.find('.')));
  return tables;
}

toml::table parse_value(const std::string& text) {
  try {
    toml::table table = toml::parse("value = " + text);
    if (table.size() == 1) return table;
  } catch (const toml::parse_error&) {  // a bare word
  }
  return toml::table{{"value", text}};
}

}  // namespace

std::string describe(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  std::ostringstream text;
  if (const auto* value = node.as_string()) text << "the text \"" << value->get() << '"';
  else if (const auto* integer = node.as_integer()) text << integer->get();
  else if (const auto* number = node.as_floating_point()) text << "the float " << float_text(number->get());
  else if (const auto* truth = node.as_boolean()) text << (truth->get() ? "true" : "false");
  else text << "a date or time";
  return text.str();
}

TomlSource::TomlSource(const std::string& toml, const std::filesystem::path& file) : file_(file) {
  try {
    root_ = toml::parse(toml, file.string());
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("{}:{}", file.string(), error.source().begin.line),
                "expected TOML: " + std::string(error.description()));
  }
}

void TomlSource::override_value(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string key = trimmed(text.substr(0, equals));
  if (equals == std::string::npos || key.empty())
    throw expected("--set " + text, "key=value with a dotted key, e.g. search.systems=20", "\"" + text + "\"");
  toml::table value = parse_value(trimmed(text.substr(equals + 1)));
  const std::size_t dot = key.find('.');
  toml::table* table = &root_;
  if (dot != std::string::npos) {
    const std::string name = key.substr(0, dot);
    if (!root_.contains(name)) root_.insert(name, toml::table{});
    table = root_[name].as_table();
    if (table == nullptr) throw expected(where(name), "a table", describe(*root_.get(name)));
  }
  table->insert_or_assign(dot == std::string::npos ? key : key.substr(dot + 1), std::move(*value.get("value")));
  overridden_.emplace_back(key, text);
}

const toml::node* TomlSource::find(const std::string& key) const {
  const std::size_t dot = key.find('.');
  if (dot == std::string::npos) return root_.get(key);
  const toml::node* table = root_.get(key.substr(0, dot));
  return table != nullptr && table->is_table() ? table->as_table()->get(key.substr(dot + 1)) : nullptr;
}

std::string TomlSource::where(const std::string& key) const {
  const toml::node* node = find(key);
  const auto line = node == nullptr ? 0 : node->source().begin.line;
  for (auto set = overridden_.rbegin(); set != overridden_.rend(); ++set)
    if (set->first == key || (line == 0 && set->first.starts_with(key + "."))) return "--set " + set->second;
  return line == 0 ? file_.string() + ": " + key : fmt::format("{}:{}: {}", file_.string(), line, key);
}

std::string TomlSource::where(const std::string& key, const std::string& other) const {
  const std::string place = where(other);
  return !where(key).starts_with("--set ") && place.starts_with("--set ") ? place : where(key);
}

void TomlSource::refuse_unknown_keys(const std::vector<std::string>& known) const {
  for (const auto& [name, node] : root_) {
    const std::string table(name.str());
    const bool is_table =
        std::any_of(known.begin(), known.end(), [&](auto& key) { return key.starts_with(table + "."); });
    if (!is_table && node.is_table()) {
      refuse_unknown_key(table, tables_of(known));
    } else if (!is_table) {
      refuse_unknown_key(table, known);
    } else if (!node.is_table()) {
      throw expected(where(table), "a table [" + table + "]", describe(node));
    } else {
      for (const auto& [key, value] : *node.as_table()) refuse_unknown_key(table + "." + std::string(key.str()), known);
    }
  }
}

void TomlSource::refuse_unknown_key(const std::string& key, const std::vector<std::string>& known) const {
  if (std::find(known.begin(), known.end(), key) != known.end()) return;
  const auto leaf = [](const std::string& dotted) { return dotted.substr(dotted.find('.') + 1); };
  const auto distance = [&](const std::string& candidate) {  // a key of the right name in the wrong table is near
    return std::min(2 * edit_distance(key, candidate), 2 * edit_distance(leaf(key), leaf(candidate)) + 1);
  };
  const auto nearest = std::min_element(known.begin(), known.end(), [&](auto& a, auto& b) {
    return std::pair(distance(a), edit_distance(key, a)) < std::pair(distance(b), edit_distance(key, b));
  });
  throw expected(where(key), "a known key; the nearest is " + *nearest, "the unknown key " + key);
}

}  // namespace danas
