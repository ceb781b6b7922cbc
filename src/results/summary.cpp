#include "results/summary.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/number.hpp"

namespace danas {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_text = 500;  // of what nobody knows

Json measure_json(const MeasureInfo& measure, const Measures& values) {
  if (measure.unit == Unit::share) return values[measure.measure];
  return values.count(measure.measure);
}

Json scores_json(const Measures& values) {
  Json json;
  for (const MeasureInfo& score : scores) json[score.name] = measure_json(score, values);
  return json;
}

Json system_json(const Candidate& candidate) {
  Json json;
  json["id"] = candidate.id;
  json["arch"] = candidate.system_text();
  for (const MeasureInfo& estimate : estimates)
    if (candidate.measures.has(estimate.measure)) json[estimate.name] = measure_json(estimate, candidate.measures);
  json[candidate.split] = scores_json(candidate.measures);
  return json;
}

Json data_json(const DataSummary& data) {
  Json json;
  json["classes"] = data.classes;
  if (data.classes.size() == 2) json["positive"] = data.positive;
  json["train"] = data.train;
  json["validation"] = data.validation;
  json["test"] = data.test;
  json["unusable_files"] = data.unusable_files;
  json["remarked_files"] = data.remarked_files;
  json["caches"] = data.caches;
  return json;
}

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : dump(value).substr(0, most_text);
}

std::vector<std::string> texts_of(const Json& array) {
  std::vector<std::string> texts;
  for (const Json& text : array) texts.push_back(text_of(text));
  return texts;
}

SummaryFacts::Fact fact_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer() && value <= std::int64_t{1} << 62) return value.get<std::int64_t>();
  if (value.is_number_float()) return value.get<double>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "none";
  return text_of(value);
}

void read_seconds(const Json& value, SummaryFacts& summary, const std::string& where) {
  const auto seconds = [&](const Json& number) {
    if (!number.is_number() || !(number.get<double>() >= 0))
      throw expected(where, "numbers of at least 0 in seconds", dump(number).substr(0, 40));
    return number.get<double>();
  };
  if (value.is_object())
    for (const auto& [phase, number] : value.items()) summary.seconds.emplace_back(phase, seconds(number));
  else summary.seconds.emplace_back("total", seconds(value));
}

void read_problems(const Json& value, SummaryFacts& summary) {
  if (value.is_array())
    for (const Json& problem : value) summary.problems.push_back(text_of(problem));
  else if (value.is_object())
    for (const auto& [what, problem] : value.items()) summary.problems.push_back(what + ": " + text_of(problem));
  else if (!value.is_null() && value != 0 && value != "") summary.problems.push_back(text_of(value));
}

// Which class is the positive one matters only where there are two.
void read_data(const Json& value, SummaryFacts& summary) {
  if (!value.is_object()) {
    summary.facts.emplace_back("data", fact_of(value));
    return;
  }
  for (const auto& [key, fact] : value.items()) {
    if ((key == "classes" || key == "caches") && fact.is_array()) {
      std::vector<std::string> texts = texts_of(fact);
      if (key == "classes") summary.classes = static_cast<std::int64_t>(texts.size());
      summary.facts.emplace_back(key, std::move(texts));
    } else if (key != "positive" || value.value("classes", Json()).size() == 2) {
      summary.facts.emplace_back(key, fact_of(fact));
    }
    if (key == "test" && fact.is_number_unsigned()) summary.test_images = fact.get<std::int64_t>();
  }
}

void read_best(const Json& value, SummaryFacts& summary) {
  if (value.is_object() && value.contains("id")) summary.best_id = find_number<std::int64_t>(text_of(value["id"]));
}

}  // namespace

std::string summary_text(const Summary& summary) {
  Json json;
  json["best"] = summary.best ? system_json(*summary.best) : Json();
  if (summary.best && summary.best->test) json["best"]["test"] = scores_json(*summary.best->test);
  if (summary.closest) json["closest"] = system_json(*summary.closest);
  json["front_size"] = summary.front_size;
  json["systems"] = summary.systems;
  json["networks"] = summary.networks;
  json["diverged"] = summary.diverged;
  json["supernets"] = summary.supernets;
  if (!summary.untried.empty()) json["untried"] = summary.untried;
  json["images_trained"] = summary.images_trained;
  json["images_evaluated"] = summary.images_evaluated;
  json["seconds"] = summary.seconds;
  json["peak_memory_mib"] = summary.peak_memory_mib;
  json["device"] = summary.device;
  json["target"] = summary.target;
  json["version"] = summary.version;
  json["data"] = data_json(summary.data);
  return json.dump(2) + "\n";
}

SummaryFacts parse_summary(const std::string& text, const std::string& where) {
  SummaryFacts summary;
  Json file;
  try {
    file = Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(where, std::string("expected JSON: ") + error.what());
  }
  if (!file.is_object()) throw expected(where, "a JSON object", "something else");
  for (const auto& [key, value] : file.items()) {
    if (key == "best") read_best(value, summary);
    else if (key == "seconds") read_seconds(value, summary, where);
    else if (key == "data") read_data(value, summary);
    else if (key == "problems") read_problems(value, summary);
    else if (key == "supernets" && value.is_array())
      summary.facts.emplace_back(key, static_cast<std::int64_t>(value.size()));
    else if (key == "untried" && value.is_array()) summary.facts.emplace_back(key, texts_of(value));
    else summary.facts.emplace_back(key, fact_of(value));
  }
  return summary;
}

}  // namespace danas
