// What a network is shown in one step.
#pragma once

#include "tensor/view.hpp"

namespace danas {

/// Images and their labels, in the memory of one backend; images.n == 0 at the end of a pass.
struct Batch {
  View images;      ///< [n, height, width, channels] of the backend's real type, [−1, 1]
  View labels;      ///< [n, 1, 1, 1], i32, from 0 to classes − 1: whoever makes the batch has checked them
  int classes = 0;  ///< labels index memory in the kernels, so that a network of other classes refuses the batch
};

}  // namespace danas
