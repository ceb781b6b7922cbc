// What genetic strategies have in common: systems with their fitness.
#pragma once

#include <deque>

#include "nas/strategy.hpp"

namespace danas {

struct Individual {
  std::int64_t id;
  System system;
  double fitness;
};

/// Tells the first of the proposals that have no fitness yet its own, and takes it from them. Throws Error (Fault::failure)
/// where that has another id.
Individual take_told(std::deque<Proposal>& untold, std::int64_t id, double fitness);

}  // namespace danas
