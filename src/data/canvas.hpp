// A small square canvas for synthetic scenes: anti-aliased shapes by signed distance, in linear order of drawing.
#pragma once

#include <cstdint>
#include <vector>

namespace danas {

/// 0 … 255.
struct PaintColor {
  float r = 0, g = 0, b = 0;
};

/// Brightness as the monochrome networks see it (ITU-R 601).
float luminance(const PaintColor& color);

/// Shares of the canvas' side; y downward.
struct Point {
  float x = 0, y = 0;
};

class Canvas {
 public:
  explicit Canvas(int size);

  int size() const { return size_; }
  /// Red, green, blue of a pixel.
  float* pixel(int x, int y) { return &pixels_[3 * (static_cast<std::size_t>(y) * size_ + x)]; }

  /// A stroke with round ends whose radius goes from `from_radius` to `to_radius`.
  void capsule(Point from, float from_radius, Point to, float to_radius, const PaintColor& color);
  /// The same in rings of two colors, `period` long.
  void striped_capsule(Point from, float from_radius, Point to, float to_radius, const PaintColor& color,
                       const PaintColor& second, float period);
  void ellipse(Point center, float radius_x, float radius_y, float angle, const PaintColor& color);
  /// A rectangle with half sides.
  void box(Point center, float half_width, float half_height, float angle, const PaintColor& color);

  /// Interleaved 8-bit RGB, rounded.
  std::vector<std::uint8_t> bytes() const;

 private:
  template <class Distance, class Paint>
  void paint(Point low, Point high, Distance&& distance, Paint&& color_at);
  template <class Paint>
  void stroke(Point from, float from_radius, Point to, float to_radius, Paint&& color_at);

  int size_;
  std::vector<float> pixels_;
};

}  // namespace danas
