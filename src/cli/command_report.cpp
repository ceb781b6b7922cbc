#include <cstdio>
#include <fmt/core.h>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "report/front_svg.hpp"
#include "report/report.hpp"

namespace danas {

int command_report(const ReportArguments& arguments) {
  write_report(arguments.runs, arguments.out);
  fmt::print("report   {}\n", arguments.out.string());
  if (arguments.figures.empty()) return 0;
  make_folder(arguments.figures);
  for (const auto& run : arguments.runs) {
    // "runs/large/" ends in an empty name.
    const auto name = run.has_filename() ? run.filename() : run.parent_path().filename();
    const auto svg = arguments.figures / ("front-" + name.string() + ".svg");
    write_front_svg(run, svg);
    fmt::print("figure   {}\n", svg.string());
  }
  return 0;
}

}  // namespace danas
