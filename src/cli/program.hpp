// danas as a function: from arguments to exit status.
#pragma once

#include <string>
#include <vector>

namespace danas {

/// Runs the command that `arguments` (without the program's name) ask for. Errors become one line on standard error and
/// the exit status; nothing is thrown.
int run_program(const std::vector<std::string>& arguments) noexcept;

/// "danas: MESSAGE" as one line on standard error, whatever files and libraries put into it.
void print_error(const std::string& message);

}  // namespace danas
