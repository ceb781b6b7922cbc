// The image formats, from bytes in memory. `where` names the file in errors.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.hpp"

namespace danas {

using Bytes = std::span<const std::byte>;

/// More pixels than this are refused: a hostile header must not exhaust the memory.
constexpr std::int64_t most_pixels = 100'000'000;

/// Throws Error unless width and height are positive and the image has at most `most_pixels`.
void check_dimensions(const std::string& where, std::int64_t width, std::int64_t height);

/// 1 channel for gray JPEGs, else 3; not yet turned. `shorter_side` > 0: decoded at the smallest scale of eighths that
/// keeps the shorter side at least that long. A file of which pixels are lost is an Error.
Dataset::Pixels decode_jpeg(Bytes file, int shorter_side, const std::string& where);
/// Replaces `jpeg` by an encoding of the pixels. Throws Error.
void encode_jpeg(const Dataset::Pixels& pixels, int quality, std::vector<std::uint8_t>& jpeg);

/// Orientation 1 … 8 of the EXIF block of a JPEG, PNG or WebP file; 1 where there is none or it makes no sense.
int exif_orientation(Bytes file);

/// Throws Error where the file is truncated or has no image size that can be; a PNG also where it is damaged (checksums
/// of its chunks), a BMP where it is compressed.
void check_whole_png(Bytes file, const std::string& where);
void check_whole_bmp(Bytes file, const std::string& where);

Dataset::Pixels decode_png(Bytes file, const std::string& where);  ///< 16-bit too
Dataset::Pixels decode_bmp(Bytes file, const std::string& where);  ///< of both row orders
/// Writes the pixels as PNG; the file is never half-written. Throws Error (Fault::failure).
void write_png(const std::filesystem::path& path, const Dataset::Pixels& pixels);

Dataset::Pixels decode_webp(Bytes file, const std::string& where);

/// The format by its first bytes.
enum class ImageFormat { jpeg, png, bmp, webp, unknown };
ImageFormat image_format(Bytes file);

/// As decode_image (decode.hpp), for a file in memory.
Dataset::Pixels decode_bytes(Bytes file, int shorter_side, const std::string& where);

/// Whether a file's name ends like an image's (any case).
bool has_image_extension(const std::filesystem::path& file);

}  // namespace danas
