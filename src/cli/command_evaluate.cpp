#include <cstdio>
#include <fmt/core.h>

#include "cli/commands.hpp"
#include "cli/metrics_text.hpp"
#include "cli/model.hpp"
#include "cli/session.hpp"
#include "nas/system_trainer.hpp"

namespace danas {
int command_evaluate(const EvaluateArguments& arguments) {
  const auto backend = open_backend(arguments.machine);
  const Model model = open_model(*backend, arguments.model);  // a broken model is found before any image is read
  Session session(arguments.experiment, arguments.machine.quiet);
  check_classes(model.classes, *session.dataset, arguments.model);
  const ImageStore store = session.open_store(0);
  ImageCounts counts;
  ResidentImages resident(*backend, 0);  // one pass
  SystemTrainer trainer(session.experiment, store, *backend, resident, nullptr, counts);
  const Metrics metrics =
      trainer.evaluate(model.network, model.network.layers(), model.system.data, parse_split(arguments.split));
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
