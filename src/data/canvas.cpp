#include "data/canvas.hpp"

#include <algorithm>
#include <cmath>

namespace danas {

float luminance(const PaintColor& color) { return 0.299f * color.r + 0.587f * color.g + 0.114f * color.b; }

Canvas::Canvas(int size) : size_(size), pixels_(3 * static_cast<std::size_t>(size) * size) {}

// Blends color_at(x, y) into the pixels of a bounding box by coverage; distance(x, y) is in pixels, negative inside.
template <class Distance, class Paint>
void Canvas::paint(Point low, Point high, Distance&& distance, Paint&& color_at) {
  const float side = static_cast<float>(size_);
  const int x0 = std::max(0, static_cast<int>(std::floor(low.x * side - 1)));
  const int y0 = std::max(0, static_cast<int>(std::floor(low.y * side - 1)));
  const int x1 = std::min(size_ - 1, static_cast<int>(std::ceil(high.x * side + 1)));
  const int y1 = std::min(size_ - 1, static_cast<int>(std::ceil(high.y * side + 1)));
  for (int y = y0; y <= y1; ++y) {
    for (int x = x0; x <= x1; ++x) {
      const float center_x = static_cast<float>(x) + 0.5f, center_y = static_cast<float>(y) + 0.5f;
      const float cover = 0.5f - distance(center_x, center_y);
      if (cover <= 0) continue;
      const float share = std::min(cover, 1.0f);
      const PaintColor color = color_at(center_x, center_y);
      float* const p = pixel(x, y);
      p[0] += share * (color.r - p[0]);
      p[1] += share * (color.g - p[1]);
      p[2] += share * (color.b - p[2]);
    }
  }
}

template <class Paint>
void Canvas::stroke(Point from, float from_radius, Point to, float to_radius, Paint&& color_at) {
  const float side = static_cast<float>(size_), radius = std::max(from_radius, to_radius);
  const float ax = from.x * side, ay = from.y * side, dx = to.x * side - ax, dy = to.y * side - ay;
  const float inverse = 1.0f / std::max(dx * dx + dy * dy, 1e-6f);
  const float start = from_radius * side, growth = to_radius * side - start;
  const Point low{std::min(from.x, to.x) - radius, std::min(from.y, to.y) - radius};
  const Point high{std::max(from.x, to.x) + radius, std::max(from.y, to.y) + radius};
  const auto distance = [=](float x, float y) {
    const float px = x - ax, py = y - ay, along = std::clamp((px * dx + py * dy) * inverse, 0.0f, 1.0f);
    const float ox = px - along * dx, oy = py - along * dy;
    return std::sqrt(ox * ox + oy * oy) - (start + along * growth);
  };
  paint(low, high, distance, color_at);
}

void Canvas::capsule(Point from, float from_radius, Point to, float to_radius, const PaintColor& color) {
  stroke(from, from_radius, to, to_radius, [&](float, float) { return color; });
}

void Canvas::striped_capsule(Point from, float from_radius, Point to, float to_radius, const PaintColor& color,
                             const PaintColor& second, float period) {
  const float side = static_cast<float>(size_), dx = to.x - from.x, dy = to.y - from.y;
  const float scale = 1.0f / (std::max(std::hypot(dx, dy), 1e-4f) * period * side);
  stroke(from, from_radius, to, to_radius, [&, scale, side, dx, dy](float x, float y) {
    const float rings = ((x - from.x * side) * dx + (y - from.y * side) * dy) * scale;
    // A triangle wave with a steep flank: stripes without jagged borders.
    const float share = std::clamp(0.5f + 4.0f * (std::abs(rings - std::floor(rings) - 0.5f) - 0.25f), 0.0f, 1.0f);
    return PaintColor{color.r + share * (second.r - color.r), color.g + share * (second.g - color.g),
                      color.b + share * (second.b - color.b)};
  });
}

void Canvas::ellipse(Point center, float radius_x, float radius_y, float angle, const PaintColor& color) {
  const float side = static_cast<float>(size_), radius = std::max(radius_x, radius_y);
  const float cosine = std::cos(angle), sine = std::sin(angle), cx = center.x * side, cy = center.y * side;
  const float rx = std::max(radius_x * side, 0.3f), ry = std::max(radius_y * side, 0.3f);
  const Point low{center.x - radius, center.y - radius}, high{center.x + radius, center.y + radius};
  // The implicit function over its gradient's length is the distance to first order, good near the border.
  const auto distance = [=](float x, float y) {
    const float u = (cosine * (x - cx) + sine * (y - cy)) / rx, v = (cosine * (y - cy) - sine * (x - cx)) / ry;
    const float value = std::sqrt(u * u + v * v);
    const float slope = std::sqrt(u * u / (rx * rx) + v * v / (ry * ry));
    return value < 1e-4f ? -std::min(rx, ry) : (value - 1.0f) * value / std::max(slope, 1e-6f);
  };
  paint(low, high, distance, [&](float, float) { return color; });
}

void Canvas::box(Point center, float half_width, float half_height, float angle, const PaintColor& color) {
  const float side = static_cast<float>(size_);
  const float cosine = std::cos(angle), sine = std::sin(angle), cx = center.x * side, cy = center.y * side;
  const float reach_x = std::abs(cosine) * half_width + std::abs(sine) * half_height;
  const float reach_y = std::abs(sine) * half_width + std::abs(cosine) * half_height;
  const float w = half_width * side, h = half_height * side;
  const Point low{center.x - reach_x, center.y - reach_y}, high{center.x + reach_x, center.y + reach_y};
  const auto distance = [=](float x, float y) {
    const float u = std::abs(cosine * (x - cx) + sine * (y - cy)) - w;
    const float v = std::abs(cosine * (y - cy) - sine * (x - cx)) - h;
    return std::max(u, v);
  };
  paint(low, high, distance, [&](float, float) { return color; });
}

std::vector<std::uint8_t> Canvas::bytes() const {
  std::vector<std::uint8_t> result(pixels_.size());
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<std::uint8_t>(std::clamp(pixels_[i] + 0.5f, 0.0f, 255.0f));
  return result;
}

}  // namespace danas
