#include "data/scene.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "data/figure.hpp"

namespace danas {

namespace {

float between(Random& random, double low, double high) { return static_cast<float>(random.uniform(low, high)); }

PaintColor mixed(const PaintColor& a, const PaintColor& b, float share) {
  return {a.r + share * (b.r - a.r), a.g + share * (b.g - a.g), a.b + share * (b.b - a.b)};
}

// Smooth noise: random values on a coarse grid, interpolated; in [-1, 1].
class Noise {
 public:
  Noise(int cells, Random& random) : cells_(cells) {
    for (float& value : values_) value = between(random, -1, 1);
  }

  float at(float x, float y) const {
    const float u = x * static_cast<float>(cells_), v = y * static_cast<float>(cells_);
    const int i = static_cast<int>(u), j = static_cast<int>(v);
    const float s = u - static_cast<float>(i), t = v - static_cast<float>(j);
    const float top = value(i, j) + s * (value(i + 1, j) - value(i, j));
    const float bottom = value(i, j + 1) + s * (value(i + 1, j + 1) - value(i, j + 1));
    return top + t * (bottom - top);
  }

 private:
  static constexpr int side = 14;
  float value(int i, int j) const { return values_[static_cast<std::size_t>(j * side + i)]; }

  int cells_;
  std::array<float, side * side> values_{};
};

// Two colors meet at a horizon or fade into each other, with smooth noise over them.
void draw_background(Canvas& canvas, Random& random) {
  const auto muted = [](const PaintColor& color) {
    const float gray = luminance(color);
    return mixed(color, {gray, gray, gray}, 0.4f);
  };
  const PaintColor upper = muted(random_color(random)), lower = muted(random_color(random));
  const float horizon = between(random, 0.3, 0.8), softness = between(random, 0.0, 1.0);
  const float strength = between(random, 4, 25), slope = between(random, -0.3, 0.3);
  const Noise noise(static_cast<int>(4 + random.below(9)), random);
  const float side = static_cast<float>(canvas.size()), sharp = 1.0f / (0.02f + softness);
  for (int y = 0; y < canvas.size(); ++y) {
    for (int x = 0; x < canvas.size(); ++x) {
      const float u = (static_cast<float>(x) + 0.5f) / side, v = (static_cast<float>(y) + 0.5f) / side;
      const float below = std::clamp(0.5f + (v - horizon + slope * (u - 0.5f)) * sharp, 0.0f, 1.0f);
      const PaintColor color = mixed(upper, lower, below);
      const float grain = strength * noise.at(u, v);
      float* const p = canvas.pixel(x, y);
      p[0] = color.r + grain;
      p[1] = color.g + grain;
      p[2] = color.b + grain;
    }
  }
}

void draw_tree(Canvas& canvas, Random& random) {
  const Point foot{between(random, 0, 1), between(random, 0.6, 1.0)};
  const float height = between(random, 0.2, 0.5), width = between(random, 0.01, 0.03);
  const Point top{foot.x + between(random, -0.04, 0.04), foot.y - height};
  canvas.capsule(foot, width, top, 0.7f * width, mixed({95, 65, 40}, random_color(random), 0.3f));
  const PaintColor leaves = mixed({60, 120, 50}, random_color(random), between(random, 0.0, 0.7));
  const auto blobs = random.below(4);
  for (std::uint64_t i = 0; i <= blobs; ++i) {
    const float radius = between(random, 0.04, 0.11);
    canvas.ellipse({top.x + between(random, -0.08, 0.08), top.y + between(random, -0.08, 0.05)}, radius,
                   radius * between(random, 0.7, 1.2), 0, leaves);
  }
}

// A disc on a pole: a lamp, a sign, a lollipop; now and then of a skin's color.
void draw_lollipop(Canvas& canvas, Random& random) {
  const Point foot{between(random, 0, 1), between(random, 0.5, 1.0)};
  const Point top{foot.x, foot.y - between(random, 0.15, 0.45)};
  const float radius = between(random, 0.025, 0.06);
  canvas.capsule(foot, 0.01f, top, 0.01f, random_color(random));
  const float share = between(random, 0, 1);
  const PaintColor skin{240 - 140 * share, 195 - 125 * share, 165 - 115 * share};
  canvas.ellipse(top, radius, radius * between(random, 0.9, 1.3), 0, random.below(2) ? skin : random_color(random));
}

void draw_box(Canvas& canvas, Random& random) {
  const Point center{between(random, 0, 1), between(random, 0.2, 1.0)};
  const float width = between(random, 0.03, 0.14), height = between(random, 0.03, 0.16);
  const float angle = random.below(2) ? 0.0f : between(random, -0.5, 0.5);
  canvas.box(center, width, height, angle, random_color(random));
  if (random.below(2)) canvas.box(center, 0.7f * width, 0.7f * height, angle, random_color(random));
}

// A chair or a table: a board on thin legs.
void draw_furniture(Canvas& canvas, Random& random) {
  const Point center{between(random, 0, 1), between(random, 0.45, 0.85)};
  const float width = between(random, 0.05, 0.14), height = between(random, 0.08, 0.2);
  const PaintColor color = random_color(random);
  canvas.box(center, width, 0.015f, 0, color);
  for (const float side : {-0.9f, 0.9f}) {
    const float x = center.x + side * width;
    canvas.capsule({x, center.y}, 0.01f, {x, center.y + height}, 0.01f, color);
  }
  if (random.below(2)) canvas.box({center.x - 0.9f * width, center.y - 0.5f * height}, 0.012f, 0.5f * height, 0, color);
}

// Loose strokes as long and thick as limbs.
void draw_bars(Canvas& canvas, Random& random) {
  const PaintColor color = random_color(random);
  const auto count = 1 + random.below(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Point from{between(random, 0, 1), between(random, 0, 1)};
    const float angle = between(random, 0, 6.2832), length = between(random, 0.06, 0.25);
    const float radius = between(random, 0.01, 0.03);
    canvas.capsule(from, radius, {from.x + length * std::cos(angle), from.y + length * std::sin(angle)}, radius, color);
  }
}

void draw_clutter(Canvas& canvas, Random& random) {
  switch (random.below(5)) {
    case 0: return draw_tree(canvas, random);
    case 1: return draw_lollipop(canvas, random);
    case 2: return draw_box(canvas, random);
    case 3: return draw_furniture(canvas, random);
    default: return draw_bars(canvas, random);
  }
}

// Light of one direction and the sensor's noise.
void expose(Canvas& canvas, Random& random) {
  const float gain = between(random, 0.8, 1.15), tilt = between(random, -0.25, 0.25), noise = between(random, 1, 8);
  std::uint32_t state = random.bits() | 1u;
  const float side = static_cast<float>(canvas.size());
  for (int y = 0; y < canvas.size(); ++y) {
    for (int x = 0; x < canvas.size(); ++x) {
      const float light = gain * (1 + tilt * (static_cast<float>(x) / side - 0.5f));
      float* const p = canvas.pixel(x, y);
      for (int c = 0; c < 3; ++c) {
        state = state * 1664525u + 1013904223u;
        p[c] = light * p[c] + noise * (static_cast<float>(state >> 8) * 0x1p-23f - 1.0f);
      }
    }
  }
}

}  // namespace

Dataset::Pixels render_scene(int size, bool with_person, Random random) {
  Canvas canvas(size);
  draw_background(canvas, random);
  const auto behind = 1 + random.below(3);
  for (std::uint64_t i = 0; i < behind; ++i) draw_clutter(canvas, random);
  with_person ? draw_person(canvas, random) : draw_distractor(canvas, random);
  expose(canvas, random);
  return {canvas.bytes(), size, size, 3};
}

}  // namespace danas
