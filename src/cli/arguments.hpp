// From the command line to the command to run.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace danas {

/// The job that the arguments (without the program's name) ask for; printing help or the version is one too. Throws
/// Error that names what is not understood and the nearest known word.
std::function<int()> parse_arguments(std::vector<std::string> arguments);

}  // namespace danas
