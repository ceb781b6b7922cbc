#include <cstdio>
#include <fmt/core.h>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/metrics_text.hpp"
#include "cli/model.hpp"
#include "cli/session.hpp"
#include "nas/system_trainer.hpp"

namespace danas {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void check_classes(const Model& model, const Dataset& dataset, const std::filesystem::path& file) {
  if (model.classes == dataset.classes()) return;
  throw expected(file.string(), "a model of the classes " + joined(dataset.classes()),
                 "one of " + joined(model.classes));
}

}  // namespace

int command_evaluate(const EvaluateArguments& arguments) {
  const auto backend = open_backend(arguments.machine);
  const Model model = open_model(*backend, arguments.model);  // a broken model is found before any image is read
  const Session session(arguments.experiment, arguments.machine.quiet, model.system.data.resolution);
  check_classes(model, session.store->dataset(), arguments.model);
  SystemTrainer trainer(session.experiment, *session.store, *backend);
  const Metrics metrics =
      trainer.evaluate(model.network, model.network.shape(), model.system.data, parse_split(arguments.split));
  if (arguments.json) {
    JsonObject json = metrics_json(metrics);
    json.add("arch", model.system.text()).add("model", arguments.model.string()).add("split", arguments.split);
    fmt::print("{}\n", json.text());
  } else {
    fmt::print("{}\n{}\n", model.system.text(), metrics_text(arguments.split, metrics));
  }
  return 0;
}

}  // namespace danas
