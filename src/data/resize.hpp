// Pixels reduced by area, as a network sees them; or sampled, as the published code has training images.
#pragma once

#include "data/dataset.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// The CPU backend, on one thread, of the calling thread: for preparing images wherever they are needed.
Backend& serial_backend();

/// A crop of an image by area_resize, with 1 or 3 channels.
void reduce(const Image& image, const Crop& crop, int width, int height, int channels, Dataset::Pixels& out);

/// The same between the two nearest pixels of either direction, whatever lies beside them: bilinear, half-pixel centers, no
/// antialiasing. In the image's channels; exact integer weights, rounded half up.
void sample_bilinear(const Image& image, const Crop& crop, int width, int height, Dataset::Pixels& out);

/// Pixels as an Image; valid while they live.
Image image_of(const Dataset::Pixels& pixels);

}  // namespace danas
