// Articulated figures of synthetic scenes, and what is made of the same parts without being one.
#pragma once

#include <vector>

#include "base/random.hpp"
#include "data/canvas.hpp"

namespace danas {

/// A person in a random pose, upright, somewhere on the canvas.
void draw_person(Canvas& canvas, Random& random);

/// The parts of a person put together wrongly (scattered, on four legs, lying, on the head), of the same sizes and much
/// the same brightness, so that pixels alone do not tell them from a person; shape, fine detail and color do.
void draw_distractor(Canvas& canvas, Random& random);

/// Any color, for clothing, furniture and the like.
PaintColor random_color(Random& random);

}  // namespace danas
