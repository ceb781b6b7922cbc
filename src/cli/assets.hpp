// Files built into the program by base/embed.cpp: third-party.txt.
#pragma once

#include <string_view>

namespace danas {

/// Content of the file of that name; empty where there is none.
std::string_view asset(std::string_view name);

}  // namespace danas
