// One synthetic scene: a background, clutter, and a person or something made of the same parts.
#pragma once

#include "base/random.hpp"
#include "data/dataset.hpp"

namespace danas {

/// A square RGB scene of `size` pixels; everything in it comes from `random`.
Dataset::Pixels render_scene(int size, bool with_person, Random random);

}  // namespace danas
