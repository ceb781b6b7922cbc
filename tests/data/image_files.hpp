// Image files as the tests need them and the product never writes them: CMYK, EXIF, chunks.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <jpeglib.h>

#include "data/codecs.hpp"

namespace danas::test {

using Pixels = Dataset::Pixels;

std::string jpeg_of(const std::vector<std::uint8_t>& data, int width, int height, int components, J_COLOR_SPACE from,
                    J_COLOR_SPACE to, const std::string& exif = {}, bool progressive = false);
std::string jpeg_of(const Pixels& pixels, const std::string& exif = {}, bool progressive = false);

/// An EXIF block with its prefix, of two tags, in the byte order of Intel or Motorola.
std::string exif_of(int orientation, bool little, bool as_long = false);

/// With an EXIF block, with or without its prefix.
std::string png_with(const Pixels& pixels, const std::string& exif);
std::string webp_with(const Pixels& pixels, const std::string& exif);

void append_number(std::string& text, unsigned value, int bytes, bool big = false);
void append_chunk(std::string& png, const std::string& type, const std::string& data);

Bytes bytes_of(const std::string& text);
/// As a file "x".
Pixels decode(const std::string& file, int shorter_side = 0);

std::uint8_t at(const Pixels& pixels, int x, int y, int c);
/// Of one channel value; both must be of the same size.
double largest_difference(const Pixels& a, const Pixels& b);

}  // namespace danas::test
