#include "cli/campaign.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/search_job.hpp"
#include "cli/summary.hpp"
#include "nas/campaign.hpp"

namespace danas {

int command_search(const SearchArguments& arguments) {
  if (is_campaign(arguments.experiment.file)) return run_campaign(arguments);
  const Experiment experiment = read_experiment(arguments.experiment.file, arguments.experiment.set);
  const SearchOptions options = search_options(arguments, experiment.name);
  const SearchResult result = run_search_job(experiment, arguments.machine, options);
  if (result.interrupted) return tell_interrupted(arguments, result.directory);
  print_lines(search_summary(result.directory, experiment.device));
  return 0;
}

}  // namespace danas
