// The only user of the JSON library here.
#include "report/chart_data.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include <nlohmann/json.hpp>

#include "report/staircase.hpp"

namespace danas::report {

namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json null_if_infinite(double value) { return std::isfinite(value) ? Json(value) : Json(); }
double rounded(double value) { return std::round(value * 1e5) / 1e5; }

template <class Value>
Json column(const std::vector<Candidate>& candidates, Value value) {
  Json array = Json::array();
  for (const Candidate& c : candidates) array.push_back(value(c));
  return array;
}

double accuracy(const Measures& measures) { return rounded(measures[Measure::accuracy]); }

/// What was measured after the final training.
Json final_json(const FrontRow* final) {
  if (!final) return {};
  return {{"accuracy", accuracy(final->measures)},
          {"precision", rounded(final->measures[Measure::precision])},
          {"recall", rounded(final->measures[Measure::recall])},
          {"test", final->test ? Json(accuracy(*final->test)) : Json()}};
}

Json systems_json(const Run& run) {
  using C = const Candidate&;
  const auto& all = run.candidates;
  Json json;
  json["id"] = column(all, [](C c) { return std::to_string(c.id); });
  json["data"] = column(all, [](C c) { return c.data; });
  json["architecture"] = column(all, [](C c) { return c.architecture; });
  json["accuracy"] = column(all, [](C c) { return accuracy(c.measures); });
  json["precision"] = column(all, [](C c) { return rounded(c.measures[Measure::precision]); });
  json["recall"] = column(all, [](C c) { return rounded(c.measures[Measure::recall]); });
  json["parameters"] = column(all, [](C c) { return c.measures.count(Measure::parameters); });
  json["macs"] = column(all, [](C c) { return c.measures.count(Measure::macs); });
  json["ram"] = column(all, [](C c) { return c.measures.count(Measure::ram_bytes); });
  json["flash"] = column(all, [](C c) { return c.measures.count(Measure::flash_bytes); });
  json["fitness"] = column(all, [](C c) { return rounded(c.fitness); });
  json["minutes"] = column(all, [](C c) { return rounded(c.elapsed_seconds / 60); });
  json["fits"] = column(all, [](C c) { return c.fits() ? 1 : 0; });
  json["final"] = column(all, [&](C c) { return final_json(run.final_of(c.id)); });
  return json;
}

Json trainings_json(const Run& run) {
  Json json = Json::array();
  for (const Curve& curve : run.curves) {
    Json points = Json::array();
    for (const CurvePoint& p : thinned(curve.rows, 120))
      points.push_back({p.step, null_if_infinite(rounded(p.loss)), null_if_infinite(rounded(p.accuracy))});
    json.push_back({{"name", curve.training.text()}, {"points", points}});
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
  json["front"] = {{"ram", staircase(latest, Measure::ram_bytes)}, {"flash", staircase(latest, Measure::flash_bytes)}};
  json["trainings"] = trainings_json(run);
  return json;
}

}  // namespace

std::vector<CurvePoint> thinned(const std::vector<TrainingRow>& rows, std::size_t most) {
  const std::size_t points = std::min(rows.size(), most);
  std::vector<CurvePoint> means(points);
  for (std::size_t i = 0; i < points; ++i) {
    const std::size_t begin = i * rows.size() / points, end = (i + 1) * rows.size() / points;
    CurvePoint& mean = means[i];
    for (std::size_t k = begin; k < end; ++k) {
      mean.step += static_cast<double>(rows[k].step);
      mean.loss += rows[k].loss;
      mean.accuracy += rows[k].accuracy;
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
  json["split"] = runs.empty() ? "validation" : runs[0].split();
  json["runs"] = Json::array();
  for (const Run& run : runs) json["runs"].push_back(run_json(run));
  std::string safe;
  for (const char c : dump(json))
    if (c == '<') safe += "\\u003c";
    else safe += c;
  return safe;
}

}  // namespace danas::report
