#include "results/candidate.hpp"

#include <algorithm>

namespace danas {

std::string Candidate::system_text() const {
  std::string text = data;
  if (const std::size_t dash = text.find('-'); dash != std::string::npos) text[dash] = ',';
  text += "," + architecture;
  std::replace(text.begin(), text.end(), ' ', ',');
  return text;
}

}  // namespace danas
