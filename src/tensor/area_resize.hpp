// The pixels that a network sees, before they become numbers: a crop of an image resized by area, in integers.
#pragma once

#include <cstdint>

#include "tensor/backend.hpp"

namespace danas {

namespace cpu {
struct Kernels;
}

/// Resizes a crop to width × height pixels of `channels` (1 or 3) interleaved bytes. Source pixel k of an axis of `in`
/// covers [k·out, (k + 1)·out), output pixel i covers [i·in, (i + 1)·in); an output pixel is the mean of the source
/// pixels by what they share, rounded half up. Gray is (77·R + 150·G + 29·B + 128) >> 8 of the rounded pixels; a gray
/// image is repeated. Exact: every instruction set gives the same bytes. A crop has at most 2²⁴ pixels a side.
/// Throws Error for a crop that is not inside the image.
void area_resize(const Image& image, const Crop& crop, int width, int height, int channels, std::uint8_t* out);

/// The same with the kernels of one instruction set; the crop is not checked.
void area_resize(const cpu::Kernels& kernels, const Image& image, const Crop& crop, int width, int height, int channels,
                 std::uint8_t* out);

}  // namespace danas
