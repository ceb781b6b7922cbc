// Texts one after another.
#pragma once

#include <string>

namespace danas {

/// "a, b, c"
template <class Texts>
std::string joined(const Texts& texts) {
  std::string all;
  for (const std::string& text : texts) all.append(all.empty() ? "" : ", ").append(text);
  return all;
}

}  // namespace danas
