// Writing an experiment as TOML.
#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "nas/experiment.hpp"
#include "nas/experiment_fields.hpp"
#include "nas/path_expansion.hpp"

namespace danas {

namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') result += std::string("\\") + letter;
    else if (code < 0x20 || code == 0x7f) result += fmt::format("\\u{:04X}", code);
    else result += letter;
  }
  return result + "\"";
}

template <class Enum>
std::string value_text(Enum value) {
  return quoted(name_of(value));
}
std::string value_text(Measure value) { return quoted(info(value).name); }
std::string value_text(int value) { return fmt::format("{}", value); }
std::string value_text(std::int64_t value) { return fmt::format("{}", value); }
std::string value_text(std::uint64_t value) { return fmt::format("{}", value); }
std::string value_text(double value) {
  const std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

class TomlWriter {
 public:
  /// Keys of other networks are left out.
  explicit TomlWriter(NetworkKind network) : network_(network) {}

  void text(const std::string& key, const std::string& value) { write(key, quoted(value)); }
  void path(const std::string& key, const std::filesystem::path& value) { write(key, quoted(protect_path(value))); }
  void flag(const std::string& key, bool value) { write(key, value ? "true" : "false"); }
  template <class Value>
  void number(const std::string& key, const Value& value, const Bounds&) {
    write(key, value_text(value));
  }
  template <class Value>
  void number(const std::string& key, const std::optional<Value>& value, const Bounds&) {
    if (value) write(key, value_text(*value));
  }
  template <class Value>
  void number(const std::string& key, const std::optional<Value>& value, const Bounds&, const char* none) {
    write(key, value ? value_text(*value) : quoted(none));
  }
  template <class Value>
  void list(const std::string& key, const std::vector<Value>& values, const Bounds&) {
    if (!values.empty()) write_list(key, values);
  }
  template <class Enum>
  void choice(const std::string& key, Enum value) {
    write(key, value_text(value));
  }
  template <class Enum>
  void choice(const std::string& key, const std::optional<Enum>& value, const char* none) {
    write(key, value ? value_text(*value) : quoted(none));
  }
  template <class Enum>
  void choices(const std::string& key, const std::vector<Enum>& values) {
    if (!values.empty()) write_list(key, values);
  }
  void measures(const std::string& key, const std::vector<Measure>& values) { write_list(key, values); }

  std::string take() { return std::move(toml_); }

 private:
  template <class Value>
  void write_list(const std::string& key, const std::vector<Value>& values) {
    std::string text;
    for (const Value& value : values) text += (text.empty() ? "" : ", ") + value_text(value);
    write(key, "[" + text + "]");
  }

  bool has(const std::string& key) const {
    return std::none_of(std::begin(keys_of_one_network), std::end(keys_of_one_network), [&](const auto& each) {
      return each.second != network_ && (key == each.first || key.starts_with(std::string(each.first) + "."));
    });
  }

  void write(const std::string& key, const std::string& value) {
    if (!has(key)) return;
    const std::size_t dot = key.find('.');
    const std::string table = dot == std::string::npos ? "" : key.substr(0, dot);
    if (table != table_) toml_ += "\n[" + table + "]\n";
    table_ = table;
    toml_ += (dot == std::string::npos ? key : key.substr(dot + 1)) + " = " + value + "\n";
  }

  NetworkKind network_;
  std::string table_, toml_;
};

template <class Value>
void add_new(std::vector<Value>& values, const Value& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

// Those of the other kind of data stay empty, and are not written.
SpaceLists space_lists(const SearchSpace& space) {
  SpaceLists lists;
  lists.resolution.clear();
  lists.color.clear();
  lists.sample_rate.clear();
  lists.feature.clear();
  for (const DataConfiguration& data : space.data_configurations()) {
    if (const ImageView* const image = data.image()) {
      add_new(lists.resolution, image->resolution);
      add_new(lists.color, image->color);
    } else {
      add_new(lists.sample_rate, data.sound()->rate);
      add_new(lists.feature, data.sound()->feature);
    }
  }
  if (!space.sliced()) {
    lists.network = NetworkKind::layers;
    lists.stack = space.stacks().choices();
    return lists;
  }
  lists.width = space.slices().widths();
  const std::array<int, 5> depth = space.slices().most_blocks();
  lists.depth.assign(depth.begin(), depth.end());
  return lists;
}

}  // namespace

std::string Experiment::to_toml() const {
  Experiment copy = *this;
  SpaceLists space = space_lists(copy.space);
  TomlWriter writer(space.network);
  visit_fields(writer, copy, space);
  return writer.take();
}

}  // namespace danas
