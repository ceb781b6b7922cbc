// The fixtures of Keras' MobileNetV2: how their tensors are made, what they are called here, their figures.
#pragma once

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support.hpp"

namespace danas::test {

using Json = nlohmann::ordered_json;

/// u(k, i) of the fixtures' README.
inline double fixture_value(std::uint64_t k, std::uint64_t i) {
  std::uint64_t z = k * 0x9E3779B97F4A7C15u + i * 0xD1B54A32D192ED03u;
  z ^= z >> 30;
  z *= 0xBF58476D1CE4E5B9u;
  z ^= z >> 27;
  z *= 0x94D049BB133111EBu;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1.0;
}

/// "block_4_expand_BN", "gamma" → "blocks.4.bn1.weight".
inline std::string own_name(const std::string& layer, const std::string& weight) {
  static const std::map<std::string, std::string> fixed{{"Conv1", "stem.conv"},
                                                        {"bn_Conv1", "stem.bn"},
                                                        {"Conv_1", "last.conv"},
                                                        {"Conv_1_bn", "last.bn"},
                                                        {"classifier", "heads.7"}};
  static const std::map<std::string, std::string> parts{{"expand", "expand"},       {"expand_BN", "bn1"},
                                                        {"depthwise", "depthwise"}, {"depthwise_BN", "bn2"},
                                                        {"project", "project"},     {"project_BN", "bn3"}};
  static const std::map<std::string, std::string> weights{{"kernel", "weight"},
                                                          {"gamma", "weight"},
                                                          {"beta", "bias"},
                                                          {"bias", "bias"},
                                                          {"moving_mean", "running_mean"},
                                                          {"moving_variance", "running_var"}};
  if (const auto found = fixed.find(layer); found != fixed.end()) return found->second + "." + weights.at(weight);
  if (layer.starts_with("expanded_conv_")) return "blocks.0." + parts.at(layer.substr(14)) + "." + weights.at(weight);
  const std::size_t end = layer.find('_', 6);
  return "blocks." + layer.substr(6, end - 6) + "." + parts.at(layer.substr(end + 1)) + "." + weights.at(weight);
}

/// "Conv1_relu", "expanded_conv_project_BN", "block_4_add", "out_relu" → "stem", "blocks.0", "blocks.4", "last".
inline std::string own_output(const std::string& layer) {
  if (layer == "Conv1_relu") return "stem";
  if (layer == "out_relu") return "last";
  if (layer.starts_with("expanded_conv_")) return "blocks.0";
  return "blocks." + layer.substr(6, layer.find('_', 6) - 6);
}

inline double initial_value(const std::string& kind, const std::vector<std::int64_t>& shape, double u) {
  if (kind == "gamma") return 1 + 0.2 * u;
  if (kind == "beta") return 0.2 * u;
  if (kind == "moving_mean" || kind == "bias") return 0.1 * u;
  if (kind == "moving_variance") return 1 + 0.5 * u;
  std::int64_t fan = 1;
  for (std::size_t axis = 0; axis + 1 < std::max<std::size_t>(shape.size(), 2); ++axis) fan *= shape[axis];
  if (shape.size() == 4 && shape[3] == 1) fan = shape[0] * shape[1];  // depthwise, HWC1
  return std::sqrt(6.0 / static_cast<double>(fan)) * u;
}

/// The networks of every fixture in the folder DANAS_GOLDEN, or the project's own.
inline std::vector<Json> golden_entries() {
  const char* folder = std::getenv("DANAS_GOLDEN");
  std::vector<Json> all;
  for (const auto& file : std::filesystem::directory_iterator(folder != nullptr ? folder : GOLDEN_FOLDER)) {
    const std::string name = file.path().filename().string();
    if (!name.starts_with("keras_mobilenetv2") || !name.ends_with(".json")) continue;
    std::ifstream stream(file.path());
    for (const Json& entry : Json::parse(stream)) all.push_back(entry);
  }
  return all;
}

/// Allowed errors: of outputs by max(|x|, RMS), of gradients' l2 by itself, of their mean and elements by RMS; and how far
/// from a kink of ReLU6, by RMS, an input may be that rounding takes to the other side. At 32 pixels the last
/// normalizations are over four numbers, which amplifies rounding a thousandfold.
struct Bounds {
  double inference, training, gradient_l2, gradient, kink;
};

inline Bounds double_precision() { return {1e-6, 1e-6, 1e-6, 1e-6, 0}; }
inline Bounds single_precision(int resolution) {
  if (resolution <= 32) return {1e-4, 5e-3, 0.02, 0.10, 5e-3};
  return {1e-4, 1e-3, 0.003, 0.015, 1e-5};
}

/// One number of a fixture beside ours.
struct Figure {
  std::string what;
  double got, wanted, allowed;
  bool gradient;  ///< of the loss by a weight

  /// As a share of what is allowed.
  double error() const {
    const double difference = std::abs(got - wanted);
    if (std::isnan(difference)) return INFINITY;
    return difference == 0 ? 0 : difference / allowed;
  }
};

/// The figures of one run, in the order in which they were added.
class Figures {
 public:
  /// `scale` stands for the figure's own size where that is less.
  void number(const std::string& what, double got, double wanted, double bound, double scale = 0) {
    all_.push_back({what, got, wanted, bound * std::max(std::abs(wanted), scale), false});
  }

  void output(const std::string& what, const View& view, const Json& wanted, double bound) {
    const std::vector<std::int64_t> shape{view.n, view.h, view.w, view.c};
    BOOST_TEST((wanted["shape"].get<std::vector<std::int64_t>>() == shape), what);
    for_statistics(view, wanted, [&](const std::string& which, double got, double figure) {
      number(what + which, got, figure, bound, which == " l2" ? 0 : rms_of(wanted));
    });
  }

  /// A β before a normalization has no gradient: what is there in Keras is rounding.
  void gradient(const std::string& what, const View& view, const Json& wanted, const Bounds& bounds) {
    if (rms_of(wanted) < least_rms) {
      ++skipped_;
      return;
    }
    const double rms = rms_of(wanted);
    for_statistics(view, wanted, [&](const std::string& which, double got, double figure) {
      const double allowed = which == " l2" ? bounds.gradient_l2 * figure : bounds.gradient * rms;
      all_.push_back({what + which, got, figure, allowed, true});
    });
  }

  void logits(const std::string& what, const View& view, const Json& wanted, double bound) {
    std::vector<double> values;
    for (const Json& row : wanted) values.insert(values.end(), row.begin(), row.end());
    vector(what, view, values, bound);
  }

  void vector(const std::string& what, const View& view, const std::vector<double>& wanted, double bound) {
    BOOST_REQUIRE_EQUAL(view.size(), static_cast<std::int64_t>(wanted.size()));
    double squares = 0;
    for (const double x : wanted) squares += x * x;
    const double rms = std::sqrt(squares / static_cast<double>(wanted.size()));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      number(what, get(view, static_cast<std::int64_t>(i)), wanted[i], bound, rms);
    }
  }

  const std::vector<Figure>& all() const { return all_; }
  int skipped() const { return skipped_; }  ///< tensors of gradients whose RMS is below 1e-9

 private:
  static constexpr double least_rms = 1e-9;

  static double rms_of(const Json& tensor) {
    double size = 1;
    for (const Json& extent : tensor["shape"]) size *= extent.get<double>();
    return tensor["l2"].get<double>() / std::sqrt(size);
  }

  /// body(name of the statistic, ours, the fixture's).
  template <class Body>
  static void for_statistics(const View& view, const Json& wanted, const Body& body) {
    double sum = 0, squares = 0;
    for (const double x : numbers(view)) sum += x, squares += x * x;
    body(" mean", sum / static_cast<double>(view.size()), wanted["mean"].get<double>());
    body(" l2", std::sqrt(squares), wanted["l2"].get<double>());
    for (const auto& [index, value] : wanted["at"].items()) {
      body("[" + index + "]", get(view, std::stoll(index)), value.template get<double>());
    }
  }

  std::vector<Figure> all_;
  int skipped_ = 0;
};

}  // namespace danas::test
