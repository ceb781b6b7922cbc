// Every operation of a backend against another one, over shapes that hit every tail: for the unit tests and for
// `danas selftest` on a user's machine.
#pragma once

#include <cmath>
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
  double tolerance = 0;  ///< of the case of the worst error
  int cases = 0;
  std::string worst_case;  ///< the shape of the worst error: of that which is nearest to, or most beyond, its tolerance
  bool passed() const { return cases > 0 && worst_error <= tolerance && std::isfinite(worst_error); }
};

enum class SelftestFill {
  reals,    ///< random numbers
  integers  ///< small integers, for the operations whose result is then exact: no error is tolerated
};

/// A device of 16-bit activations is compared with a reference of the same, which rounds at the same stores; what an
/// operation may be off by is then twice what rounding does to the reference's own results, and what it may be off by in
/// f32.
/// Runs the table on `device` and on `reference` with equal operands; one row per operation, in the order of
/// their first cases. Throws Error where the two are one: nothing could fail.
std::vector<SelftestRow> selftest(Backend& device, Backend& reference, SelftestFill fill = SelftestFill::reals);

}  // namespace danas
