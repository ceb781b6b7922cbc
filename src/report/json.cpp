// JSON in (summary.json) and out (data of the charts); the only user of the JSON library here.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "report/chart_data.hpp"
#include "report/front.hpp"
#include "report/run.hpp"
#include "report/text.hpp"

namespace danas::report {

namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string shown(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer() && value <= std::int64_t{1} << 62) return thousands(value.get<std::int64_t>());
  if (value.is_number_float()) return fmt::format("{:.5g}", value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "none";
  return dump(value).substr(0, 500);
}

std::string fact_label(std::string key) {
  static const std::pair<const char*, const char*> known[] = {
      {"systems", "systems evaluated"},     {"supernets", "supernets trained"}, {"front_size", "systems on the front"},
      {"images_trained", "images trained"}, {"images_evaluated", "images evaluated"},
      {"positive", "positive class"},       {"train", "training images"},       {"validation", "validation images"},
      {"test", "test images"},              {"peak_memory_mib", "peak memory, MiB"}, {"device", "trained on"}};
  for (const auto& [name, label] : known)
    if (key == name) return label;
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

void read_seconds(const Json& value, Summary& summary, const std::string& where) {
  const auto seconds = [&](const Json& number) {
    if (!number.is_number() || !(number.get<double>() >= 0))
      throw expected(where, "numbers of at least 0 in seconds", dump(number).substr(0, 40));
    return number.get<double>();
  };
  if (value.is_object())
    for (const auto& [phase, number] : value.items()) summary.seconds.emplace_back(phase, seconds(number));
  else
    summary.seconds.emplace_back("total", seconds(value));
}

void read_problems(const Json& value, Summary& summary) {
  if (value.is_array())
    for (const Json& problem : value) summary.problems.push_back(shown(problem));
  else if (value.is_object())
    for (const auto& [what, problem] : value.items()) summary.problems.push_back(what + ": " + shown(problem));
  else if (!value.is_null() && value != 0 && value != "")
    summary.problems.push_back(shown(value));
}

/// "cat, dog"; of many only the first ones.
std::string joined(const Json& names) {
  constexpr std::size_t most = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) text += (i ? ", " : "") + shown(names[i]);
  return names.size() > most ? fmt::format("{} and {} more", text, names.size() - most) : text;
}

/// What the images were. Which class is the positive one matters only where there are two.
void read_data(const Json& value, Summary& summary) {
  if (!value.is_object()) {
    summary.facts.emplace_back("data", shown(value));
    return;
  }
  for (const auto& [key, fact] : value.items()) {
    if ((key == "classes" || key == "caches") && fact.is_array()) {
      summary.facts.emplace_back(key, joined(fact));
    } else if (key != "positive" || value.value("classes", Json()).size() == 2) {
      summary.facts.emplace_back(fact_label(key), shown(fact));
    }
    if (key == "test" && fact.is_number_unsigned()) summary.test_images = fact.get<long long>();
  }
}

Json null_if_infinite(double value) { return std::isfinite(value) ? Json(value) : Json(); }
double rounded(double value) { return std::round(value * 1e5) / 1e5; }

template <class Value>
Json column(const std::vector<Candidate>& candidates, Value value) {
  Json array = Json::array();
  for (const Candidate& c : candidates) array.push_back(value(c));
  return array;
}

/// What was measured after the final training.
Json final_json(const Candidate* final) {
  if (!final) return {};
  return {{"accuracy", rounded(final->scores.accuracy)}, {"precision", rounded(final->scores.precision)},
          {"recall", rounded(final->scores.recall)},
          {"test", final->test ? Json(rounded(final->test->accuracy)) : Json()}};
}

Json systems_json(const Run& run) {
  using C = const Candidate&;
  const auto& all = run.candidates;
  Json json;
  json["id"] = column(all, [](C c) { return c.id; });
  json["data"] = column(all, [](C c) { return c.data; });
  json["architecture"] = column(all, [](C c) { return c.architecture; });
  json["accuracy"] = column(all, [](C c) { return rounded(c.scores.accuracy); });
  json["precision"] = column(all, [](C c) { return rounded(c.scores.precision); });
  json["recall"] = column(all, [](C c) { return rounded(c.scores.recall); });
  json["parameters"] = column(all, [](C c) { return c.parameters; });
  json["macs"] = column(all, [](C c) { return c.macs; });
  json["ram"] = column(all, [](C c) { return c.ram_bytes; });
  json["flash"] = column(all, [](C c) { return c.flash_bytes; });
  json["fitness"] = column(all, [](C c) { return rounded(c.fitness); });
  json["minutes"] = column(all, [](C c) { return rounded(c.elapsed_seconds / 60); });
  json["fits"] = column(all, [](C c) { return c.fits() ? 1 : 0; });
  json["final"] = column(all, [&](C c) { return final_json(run.final_of(c.id)); });
  return json;
}

Json trainings_json(const Run& run) {
  Json json = Json::array();
  for (const Training& training : run.trainings) {
    Json points = Json::array();
    for (const TrainingPoint& p : thinned(training.points, 120))
      points.push_back({p.step, null_if_infinite(rounded(p.loss)), null_if_infinite(rounded(p.accuracy))});
    json.push_back({{"name", training.name}, {"points", points}});
  }
  return json;
}

Json run_json(const Run& run) {
  const std::vector<Candidate> latest = run.latest();
  Json json;
  json["label"] = run.label;
  json["device"] = run.settings.device;
  json["limits"] = {{"ram", run.settings.ram_limit ? Json(*run.settings.ram_limit) : Json()},
                    {"flash", run.settings.flash_limit ? Json(*run.settings.flash_limit) : Json()}};
  json["systems"] = systems_json(run);
  json["front"] = {{"ram", staircase(latest, &Candidate::ram_bytes)},
                   {"flash", staircase(latest, &Candidate::flash_bytes)}};
  json["trainings"] = trainings_json(run);
  return json;
}

}  // namespace

Summary parse_summary(const std::string& text, const std::string& where) {
  Summary summary;
  Json file;
  try {
    file = Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(where, std::string("expected JSON: ") + error.what());
  }
  if (!file.is_object()) throw expected(where, "a JSON object", "something else");
  for (const auto& [key, value] : file.items()) {
    if (key == "best") {
      if (value.is_object() && value.contains("id")) {
        const Json& id = value["id"];
        summary.best_id = id.is_string() ? id.get<std::string>() : dump(id);
      }
    } else if (key == "seconds") {
      read_seconds(value, summary, where);
    } else if (key == "data") {
      read_data(value, summary);
    } else if (key == "problems") {
      read_problems(value, summary);
    } else if (value.is_array() && key == "supernets") {
      summary.facts.emplace_back(fact_label(key), thousands(static_cast<long long>(value.size())));
    } else {
      summary.facts.emplace_back(fact_label(key), shown(value));
    }
  }
  return summary;
}

std::vector<TrainingPoint> thinned(const std::vector<TrainingPoint>& points, std::size_t most) {
  if (points.size() <= most) return points;
  std::vector<TrainingPoint> means(most);
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t begin = i * points.size() / most, end = (i + 1) * points.size() / most;
    TrainingPoint& mean = means[i];
    for (std::size_t k = begin; k < end; ++k) {
      mean.step += points[k].step;
      mean.loss += points[k].loss;
      mean.accuracy += points[k].accuracy;
    }
    const double count = static_cast<double>(end - begin);
    mean = {mean.step / count, mean.loss / count, mean.accuracy / count};
  }
  return means;
}

std::vector<std::string> data_configurations(const std::vector<Run>& runs) {
  std::set<std::pair<long, std::string>> names;
  for (const Run& run : runs)
    for (const Candidate& c : run.candidates) names.emplace(std::strtol(c.data.c_str(), nullptr, 10), c.data);
  std::vector<std::string> configurations;
  for (const auto& name : names) configurations.push_back(name.second);
  return configurations;
}

std::string chart_data(const std::vector<Run>& runs) {
  Json json;
  json["configurations"] = data_configurations(runs);
  json["split"] = runs.empty() || runs[0].candidates.empty() ? "validation" : runs[0].candidates[0].split;
  json["runs"] = Json::array();
  for (const Run& run : runs) json["runs"].push_back(run_json(run));
  std::string safe;
  for (const char c : dump(json))
    if (c == '<') safe += "\\u003c";
    else safe += c;
  return safe;
}

}  // namespace danas::report
