#include "nas/population.hpp"

#include "base/error.hpp"

namespace danas {

Individual take_told(std::deque<Proposal>& untold, std::int64_t id, double fitness) {
  if (untold.empty() || untold.front().id != id)
    throw expected("search", "the fitness of the first system without", std::to_string(id), Fault::failure);
  const Individual told{id, untold.front().system, fitness};
  untold.pop_front();
  return told;
}

}  // namespace danas
