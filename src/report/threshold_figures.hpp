// Figure 10: what searches with supernets and naive ones take until the first system of an accuracy.
#pragma once

#include <vector>

#include "report/comparison.hpp"
#include "report/paper_figures.hpp"

namespace danas::report {

/// In systems, time and images: mean and deviation over the runs that reach it, and each of them. The accuracy is the largest
/// whole percent that every naive run reached.
std::vector<Figure> threshold_figures(const std::vector<Member>& supernet, const std::vector<Member>& naive);

}  // namespace danas::report
