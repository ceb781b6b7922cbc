// Independent pieces of a search's work side by side, each on a lane: a backend with a share of the threads. Ended in order,
// so that what is on record does not depend on the number of lanes.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "tensor/backend.hpp"

namespace danas {

/// Pieces 0, 1, …, count − 1. Everything but `run` is called by the thread that called run_in_lanes().
struct LaneWork {
  std::size_t count = 0;
  std::function<void(std::size_t piece)> begin;
  /// On a lane's thread. Calls `stepped` as it gets on.
  std::function<void(std::size_t piece, Backend& lane, const std::function<void()>& stepped)> run;
  std::function<void(std::size_t piece)> end;  ///< in order of the pieces
  std::function<void()> tell;                  ///< now and then: how far it is can be told
  std::function<bool()> interrupted;           ///< true: nothing more is begun at all
  std::function<bool()> stop;  ///< true: nothing is begun beyond what is begun already; all of that is ended
  std::function<double(std::size_t piece)> bytes;  ///< memory of a piece
};

/// One lane is `backend` itself on the calling thread, piece by piece; of more, each has its share of its threads. Without
/// `lanes` there are as many as threads, but no more than `budget` bytes allow, of which what runs at a time keeps within;
/// a piece that needs more runs alone. An exception of a piece is thrown once all that were begun have ended, after the end
/// of those before it.
void run_in_lanes(Backend& backend, std::optional<int> lanes, double budget, const LaneWork& work);

}  // namespace danas
