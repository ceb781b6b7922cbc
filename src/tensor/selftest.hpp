// Every operation of a backend against another one, over shapes that hit every tail: for the unit tests and for
// `danas selftest` on a user's machine.
#pragma once

#include <string>
#include <vector>

#include "tensor/backend.hpp"

namespace danas {

/// One operation over all its shapes. An element's error is relative to the RMS of its tensor (at least 0.1); infinite
/// where the device left an element unwritten, changed an input, or wrote outside of its output, and where either side
/// is no finite number.
struct SelftestRow {
  std::string op;
  double worst_error = 0;
  double tolerance = 0;
  int cases = 0;
  std::string worst_case;  ///< the shape of worst_error
  bool passed() const { return cases > 0 && worst_error <= tolerance; }
};

enum class SelftestFill {
  reals,    ///< random numbers
  integers  ///< small integers, for the operations whose result is then exact: no error is tolerated
};

/// Runs the table on `device` and on `reference` with equal operands; one row per operation, in the order of
/// backend.hpp. Throws Error where the two are one: nothing could fail.
std::vector<SelftestRow> selftest(Backend& device, Backend& reference, SelftestFill fill = SelftestFill::reals);

}  // namespace danas
