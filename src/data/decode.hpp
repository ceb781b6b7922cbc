// Decoding of image files.
#pragma once

#include <filesystem>

#include "data/dataset.hpp"

namespace danas {

/// JPEG (libjpeg-turbo; CMYK, YCCK and gray too, EXIF orientation applied), PNG (16-bit too), BMP (stb_image), WebP
/// (libwebp). Gray files give 1 channel, all others 3 (alpha is dropped over black). Throws Error naming the file.
/// Refuses more than 100 megapixels.
Dataset::Pixels decode_image(const std::filesystem::path& file, int shorter_side = 0);

}  // namespace danas
