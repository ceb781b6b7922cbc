#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fmt/core.h>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/model.hpp"
#include "cli/output.hpp"
#include "cli/program.hpp"
#include "cli/session.hpp"
#include "data/preparation.hpp"
#include "nn/trainer.hpp"
#include "tensor/tensor.hpp"

namespace danas {
namespace {

std::vector<double> softmax(std::vector<double> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (double& value : values) sum += value = std::exp(value - largest);
  for (double& value : values) value /= sum;
  return values;
}

/// Probability of every class, the image or recording seen as in evaluation.
std::vector<double> predict(Backend& backend, Trainer& trainer, const Model& model, const std::filesystem::path& file) {
  const Extent extent = model.system.data.input();
  const Tensor input(backend, 1, extent.height, extent.width, extent.channels);
  prepare_file(backend, model.system.data, file, input.view());
  std::vector<double> logits;
  download_numbers(backend, trainer.predict(model.network, model.network.layers(), input.view()), logits);
  return softmax(std::move(logits));
}

/// The key of a file's name.
const char* kind_of(const Model& model) { return model.system.data.image() != nullptr ? "image" : "recording"; }

JsonObject prediction_json(const Model& model, const std::filesystem::path& file,
                           const std::vector<double>& probabilities) {
  JsonObject all;
  for (std::size_t i = 0; i < probabilities.size(); ++i) all.add(model.classes[i], probabilities[i]);
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  JsonObject json;
  json.add(kind_of(model), file.string()).add("class", model.classes[best - probabilities.begin()]);
  return json.add("probability", *best).add("probabilities", all);
}

void print_prediction(const Model& model, const std::filesystem::path& file, const std::vector<double>& probabilities) {
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  print("{}  {}  {:.4f}\n", file.string(), model.classes[best - probabilities.begin()], *best);
}

}  // namespace

int command_predict(const PredictArguments& arguments) {
  const auto backend = open_backend(arguments.machine);
  const Model model = open_model(*backend, arguments.model);
  Trainer trainer(*backend);
  std::vector<JsonObject> rows;
  int status = 0;
  for (const auto& file : arguments.files) {
    try {
      const auto probabilities = predict(*backend, trainer, model, file);
      rows.push_back(prediction_json(model, file, probabilities));
      if (!arguments.json) print_prediction(model, file, probabilities);
    } catch (const Error& error) {  // the others can still be told
      print_error(error.what());
      rows.push_back(JsonObject().add(kind_of(model), file.string()).add("error", error.what()));
      status = error.exit_status();
    }
  }
  if (arguments.json) {
    JsonObject json;
    json.add("model", arguments.model.string()).add("arch", model.system.text()).add("predictions", rows);
    fmt::print("{}\n", json.text());
  }
  return status;
}

}  // namespace danas
