#include "nas/campaign.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/joined.hpp"
#include "nas/run_names.hpp"
#include "nas/toml_source.hpp"

namespace danas {

namespace fs = std::filesystem;

namespace {

std::string line_of(const fs::path& file, const toml::node& node, const std::string& key) {
  return fmt::format("{}:{}: {}", file.string(), node.source().begin.line, key);
}

std::string toml_text(const toml::node& value) {
  std::ostringstream text;
  value.visit([&](const auto& node) { text << node; });
  return text.str();
}

// "search.systems=5" of the table { search = { systems = 5 } }.
void add_settings(std::vector<std::string>& settings, const toml::table& table, const std::string& before = "") {
  for (const auto& [key, value] : table) {
    const std::string name = before + std::string(key.str());
    if (const toml::table* inner = value.as_table()) add_settings(settings, *inner, name + ".");
    else settings.push_back(name + "=" + toml_text(value));
  }
}

/// A table of the file, the whole of it or a [[run]].
class Part {
 public:
  Part(const toml::table& table, const fs::path& file, std::string name)
      : table_(table), file_(file), name_(std::move(name)) {}

  std::string where(const std::string& key) const {
    const toml::node* node = table_.get(key);
    if (node != nullptr) return line_of(file_, *node, name_ + key);
    return name_.empty() ? file_.string() + ": " + key : where();
  }
  std::string where() const { return line_of(file_, table_, "run"); }

  std::optional<std::string> text(const std::string& key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    if (!node->is_string()) throw expected(where(key), "a text", describe(*node));
    return node->as_string()->get();
  }

  std::vector<std::string> settings() const {
    std::vector<std::string> settings;
    const toml::node* node = table_.get("set");
    if (node == nullptr) return settings;
    if (const toml::table* table = node->as_table()) {
      add_settings(settings, *table);
      return settings;
    }
    const toml::array* texts = node->as_array();
    if (texts == nullptr) throw expected(where("set"), "a table of keys or a list of \"key=value\"", describe(*node));
    for (const toml::node& each : *texts) {
      if (!each.is_string()) throw expected(where("set"), "texts as \"search.systems=20\"", describe(each));
      settings.push_back(each.as_string()->get());
    }
    return settings;
  }

  std::vector<std::int64_t> seeds(const std::string& key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return {};
    const toml::array* numbers = node->as_array();
    if (numbers == nullptr || numbers->empty())
      throw expected(where(key), "a list of whole numbers", numbers == nullptr ? describe(*node) : "an empty one");
    std::vector<std::int64_t> seeds;
    for (const toml::node& each : *numbers) {
      if (!each.is_integer() || each.as_integer()->get() < 0)
        throw expected(where(key), "whole numbers of at least 0", describe(each));
      seeds.push_back(each.as_integer()->get());
    }
    return seeds;
  }

  // The keys of `set` are those of an experiment, which refuses what it does not know.
  void refuse_unknown_keys(const std::vector<std::string>& known) const {
    for (const auto& [key, value] : table_)
      if (std::find(known.begin(), known.end(), std::string(key.str())) == known.end())
        throw expected(where(std::string(key.str())), "a known key; there are " + joined(known),
                       "the unknown key " + std::string(key.str()));
  }

 private:
  const toml::table& table_;
  const fs::path& file_;
  std::string name_;  ///< before its keys in messages: "run."
};

toml::table parse_file(const fs::path& file) {
  TomlSource source(read_file(file), file);
  return source.take();
}

fs::path base_file(const Part& part, const fs::path& campaign) {
  const auto name = part.text("file");
  if (!name) throw expected(part.where(), "the key file, a base experiment", "none");
  const fs::path file = campaign.parent_path() / *name;
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored))
    throw expected(part.where("file"), "an experiment file", "no file " + file.string());
  return file;
}

// Seeds and labels are the campaign's to say.
void refuse_own_keys(const std::vector<std::string>& settings, const std::string& where) {
  for (const std::string& text : settings)
    for (const char* key : {"name", "seed"})
      if (text.substr(0, text.find_first_of(" =")) == key)
        throw expected(where, std::string("label and seeds of [[run]] to say what a run is called and its seed"), text);
}

std::vector<CampaignRun> runs_of(const Part& part, const Part& whole, const fs::path& file,
                                 const std::vector<std::string>& overrides) {
  part.refuse_unknown_keys({"file", "label", "seeds", "search_seeds", "set"});
  const fs::path base = base_file(part, file);
  const std::string label = part.text("label").value_or(base.stem().string());
  if (!is_run_name(label))
    throw expected(part.where("label"), "a label of letters, digits, - _ and .", "\"" + label + "\"");
  std::vector<std::string> settings = whole.settings();
  for (const std::string& text : part.settings()) settings.push_back(text);
  refuse_own_keys(settings, part.where("set"));
  settings.insert(settings.end(), overrides.begin(), overrides.end());
  std::vector<std::int64_t> seeds = part.seeds("seeds");
  if (seeds.empty()) seeds = whole.seeds("seeds");
  const std::vector<std::int64_t> search_seeds = part.seeds("search_seeds");
  try {
    if (seeds.empty()) seeds.push_back(static_cast<std::int64_t>(read_experiment(base, settings).seed));
    settings.push_back("name=\"" + label + "\"");
    std::vector<CampaignRun> runs;
    for (const std::int64_t seed : seeds) {
      settings.push_back(fmt::format("seed={}", seed));
      if (search_seeds.empty()) runs.push_back({label, read_experiment(base, settings)});
      for (const std::int64_t search_seed : search_seeds) {
        settings.push_back(fmt::format("search.seed={}", search_seed));
        runs.push_back({label, read_experiment(base, settings)});
      }
    }
    return runs;
  } catch (const Error& error) {
    throw Error(part.where(), error.what(), error.fault());
  }
}

}  // namespace

std::string CampaignRun::folder() const {
  const std::string of_seed = fmt::format("{}-{}", label, experiment.seed);
  return experiment.search.seed ? fmt::format("{}-{}", of_seed, *experiment.search.seed) : of_seed;
}

bool is_campaign(const fs::path& file) { return parse_file(file).contains("run"); }

Campaign read_campaign(const fs::path& file, const std::vector<std::string>& overrides) {
  const toml::table root = parse_file(file);
  const Part whole(root, file, "");
  whole.refuse_unknown_keys({"name", "seeds", "set", "run"});
  refuse_own_keys(overrides, "--set");
  Campaign campaign{whole.text("name").value_or(file.stem().string()), {}};
  if (!is_run_name(campaign.name))
    throw expected(whole.where("name"), "a name of letters, digits, - _ and .", "\"" + campaign.name + "\"");
  const toml::array* tables = root.get("run") == nullptr ? nullptr : root.get("run")->as_array();
  if (tables == nullptr || tables->empty()) throw expected(whole.where("run"), "[[run]] tables", "none");
  std::set<std::string> folders, labels;
  for (const toml::node& table : *tables) {
    if (!table.is_table()) throw expected(whole.where("run"), "[[run]] tables", describe(table));
    const Part part(*table.as_table(), file, "run.");
    std::vector<CampaignRun> runs = runs_of(part, whole, file, overrides);
    if (!labels.insert(runs.front().label).second)
      throw expected(part.where("label"), "a label that no other [[run]] has", runs.front().label);
    for (CampaignRun& run : runs) {
      if (!folders.insert(run.folder()).second)
        throw expected(part.where("label"), "a label and seeds that no other run has", run.folder());
      campaign.runs.push_back(std::move(run));
    }
  }
  return campaign;
}

}  // namespace danas
