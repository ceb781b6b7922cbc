#include <set>
#include <string>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "report/front_svg.hpp"
#include "report/report.hpp"

namespace danas {
namespace {

/// The name of a run's folder; runs of one name are numbered.
std::string new_name(const std::filesystem::path& run, std::set<std::string>& taken) {
  // "runs/large/" ends in an empty name.
  const std::string name = (run.has_filename() ? run.filename() : run.parent_path().filename()).string();
  std::string chosen = name;
  for (int number = 2; !taken.insert(chosen).second; ++number) chosen = name + "-" + std::to_string(number);
  return chosen;
}

}  // namespace

int command_report(const ReportArguments& arguments) {
  write_report(arguments.runs, arguments.out);
  print("report   {}\n", arguments.out.string());
  if (arguments.figures.empty()) return 0;
  make_folder(arguments.figures);
  std::set<std::string> taken;
  for (const auto& run : arguments.runs) {
    const auto svg = arguments.figures / ("front-" + new_name(run, taken) + ".svg");
    write_front_svg(run, svg);
    print("figure   {}\n", svg.string());
  }
  return 0;
}

}  // namespace danas
