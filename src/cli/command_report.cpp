#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/session.hpp"
#include "report/report.hpp"

namespace danas {

int command_report(const ReportArguments& arguments) {
  check_output_file("--out", arguments.out, ".html");
  write_report(arguments.runs, arguments.out);
  print("report   {}\n", arguments.out.string());
  if (arguments.figures.empty()) return 0;
  for (const auto& figure : write_figures(arguments.runs, arguments.figures))
    print("figure   {}.svg, .pdf, .csv\n", figure.string());
  return 0;
}

}  // namespace danas
