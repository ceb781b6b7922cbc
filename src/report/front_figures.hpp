// Figures 2 to 5, 8 and 9: the systems on the front of each run, and the front of all of them as a line.
#pragma once

#include <string>
#include <vector>

#include "report/comparison.hpp"
#include "report/paper_figures.hpp"

namespace danas::report {

/// Accuracy against RAM and against flash. `others`: runs whose common front is a second line, for comparison. None where
/// there are no members.
std::vector<Figure> image_fronts(const std::string& number, const std::string& what, const std::vector<Member>& members,
                                 const std::vector<Member>& others);
/// F1 against flash.
std::vector<Figure> sound_front(const std::string& number, const std::string& what, const std::vector<Member>& members,
                                const std::vector<Member>& others);

}  // namespace danas::report
