#include "data/figure.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace danas {

namespace {

constexpr float pi = std::numbers::pi_v<float>;

float between(Random& random, double low, double high) { return static_cast<float>(random.uniform(low, high)); }

enum class Limb { torso, head, left_arm, right_arm, left_leg, right_leg, count };

// One stroke, from a to b; an ellipse where `round` (radii `from` and `to`, turned by the direction from a to b).
struct Part {
  Limb limb;
  Point a, b;
  float from, to;
  bool round;
  PaintColor color;
  bool striped = false;
};

struct Look {
  PaintColor skin, hair, shirt, trousers, shoes;
  bool face = true, striped = false, short_sleeves = false, short_trousers = false;
};

// Skin tones lie between a light and a dark one, as people's do.
PaintColor skin_tone(Random& random) {
  const float share = between(random, 0, 1);
  return {240 - 140 * share, 195 - 125 * share, 165 - 115 * share};
}

// A color as bright as `like`, but not of a skin's hue: only a network that sees color can tell.
PaintColor same_brightness(const PaintColor& like, Random& random) {
  static constexpr std::array<PaintColor, 4> hues{{{90, 130, 230}, {90, 200, 110}, {170, 110, 210}, {80, 190, 200}}};
  const PaintColor hue = hues[random.below(hues.size())];
  const float scale = luminance(like) / luminance(hue);
  return {std::min(hue.r * scale, 255.0f), std::min(hue.g * scale, 255.0f), std::min(hue.b * scale, 255.0f)};
}

Look random_look(Random& random) {
  const float dark = between(random, 15, 90);
  Look look{skin_tone(random),
            {dark, dark * 0.8f, dark * 0.6f},
            random_color(random),
            random_color(random),
            random_color(random)};
  look.short_sleeves = random.uniform() < 0.7;
  look.short_trousers = random.uniform() < 0.6;
  return look;
}

Point toward(Point from, float angle, float length) {  // angle 0 points down, positive to the right
  return {from.x + length * std::sin(angle), from.y + length * std::cos(angle)};
}

void add_head(std::vector<Part>& parts, Point neck, float tilt, const Look& look) {
  const Point center = toward(neck, pi + tilt, 0.115f), top = toward(neck, pi + tilt, 0.14f);
  const Point across = toward({0, 0}, pi / 2 + tilt, 1), eyes = toward(neck, pi + tilt, 0.112f);
  parts.push_back({Limb::head, neck, center, 0.03f, 0.03f, false, look.skin});
  parts.push_back({Limb::head, top, top, 0.074f, 0.078f, true, look.hair});
  parts.push_back({Limb::head, center, center, 0.062f, 0.075f, true, look.skin});
  if (!look.face) return;
  for (const float side : {-1.0f, 1.0f}) {
    const Point eye{eyes.x + side * 0.028f * across.x, eyes.y + side * 0.028f * across.y};
    parts.push_back({Limb::head, eye, eye, 0.015f, 0.018f, true, {20, 20, 25}});
  }
  const Point mouth = toward(neck, pi + tilt, 0.072f);
  parts.push_back({Limb::head, mouth, mouth, 0.022f, 0.008f, true, {150, 40, 45}});
}

void add_arm(std::vector<Part>& parts, Limb limb, Point shoulder, float side, const Look& look, Random& random) {
  const float raise = between(random, 0.05, 1.1), bend = between(random, -0.3, 0.9);
  const Point elbow = toward(shoulder, side * raise, 0.17f), hand = toward(elbow, side * (raise + bend), 0.16f);
  parts.push_back({limb, shoulder, elbow, 0.036f, 0.032f, false, look.shirt, look.striped});
  parts.push_back({limb, elbow, hand, 0.03f, 0.024f, false, look.short_sleeves ? look.skin : look.shirt,
                   look.striped && !look.short_sleeves});
  parts.push_back({limb, hand, hand, 0.034f, 0.034f, true, look.skin});
}

void add_leg(std::vector<Part>& parts, Limb limb, Point hip, float side, const Look& look, Random& random) {
  const float spread = between(random, 0.0, 0.4), bend = between(random, 0, 0.4);
  const Point knee = toward(hip, side * spread, 0.24f), foot = toward(knee, side * (spread - bend), 0.23f);
  parts.push_back({limb, hip, knee, 0.055f, 0.045f, false, look.trousers, look.striped});
  parts.push_back({limb, knee, foot, 0.043f, 0.034f, false, look.short_trousers ? look.skin : look.trousers,
                   look.striped && !look.short_trousers});
  parts.push_back({limb, foot, {foot.x + side * 0.045f, foot.y + 0.012f}, 0.03f, 0.024f, false, look.shoes});
}

// A person one unit tall, the hips at the origin.
std::vector<Part> person(const Look& look, Random& random) {
  std::vector<Part> parts;
  parts.reserve(24);
  const float lean = between(random, -0.2, 0.2);
  const Point neck = toward({0, 0}, pi + lean, 0.30f), across = toward({0, 0}, pi / 2 + lean, 1);
  add_leg(parts, Limb::left_leg, {-0.045f, 0.02f}, -1, look, random);
  add_leg(parts, Limb::right_leg, {0.045f, 0.02f}, 1, look, random);
  const Point chest = toward({0, 0}, pi + lean, 0.24f);
  parts.push_back({Limb::torso, {0, 0}, chest, 0.075f, 0.1f, false, look.shirt, look.striped});
  const float reach = 0.1f, drop = 0.05f;
  add_arm(parts, Limb::left_arm, {neck.x - reach * across.x, neck.y - reach * across.y + drop}, -1, look, random);
  add_arm(parts, Limb::right_arm, {neck.x + reach * across.x, neck.y + reach * across.y + drop}, 1, look, random);
  add_head(parts, neck, lean + between(random, -0.25, 0.25), look);
  return parts;
}

Point middle(const std::vector<Part>& parts, Limb limb) {
  Point sum;
  float count = 0;
  for (const Part& part : parts) {
    if (part.limb != limb) continue;
    sum = {sum.x + part.a.x + part.b.x, sum.y + part.a.y + part.b.y};
    count += 2;
  }
  return {sum.x / count, sum.y / count};
}

Point turned(Point point, Point center, float angle, Point to) {
  const float x = point.x - center.x, y = point.y - center.y, cosine = std::cos(angle), sine = std::sin(angle);
  return {to.x + cosine * x - sine * y, to.y + sine * x + cosine * y};
}

// Turns a limb about its middle and brings the middle elsewhere.
void place(std::vector<Part>& parts, Limb limb, float angle, Point to) {
  const Point center = middle(parts, limb);
  for (Part& part : parts) {
    if (part.limb != limb) continue;
    if (part.round) {  // the direction from a to b is how ellipses are turned
      const Point up{part.a.x, part.a.y - 1};
      const Point direction = part.a.x == part.b.x && part.a.y == part.b.y ? up : part.b;
      part.b = turned(direction, center, angle, to);
    } else {
      part.b = turned(part.b, center, angle, to);
    }
    part.a = turned(part.a, center, angle, to);
  }
}

constexpr std::array<Limb, 6> limbs{Limb::torso,     Limb::head,     Limb::left_arm,
                                    Limb::right_arm, Limb::left_leg, Limb::right_leg};

// Every limb at the place of another one, lying rather than upright.
void scatter(std::vector<Part>& parts, Random& random) {
  std::array<Point, 6> places;
  for (std::size_t i = 0; i < limbs.size(); ++i) {
    places[i] = middle(parts, limbs[i]);
    places[i].x = 1.5f * places[i].x + between(random, -0.12, 0.12);
    places[i].y = 1.1f * places[i].y + between(random, -0.1, 0.1);
  }
  random.shuffle(places);
  for (std::size_t i = 0; i < limbs.size(); ++i) {
    const float side = random.below(2) ? 1.0f : -1.0f;
    place(parts, limbs[i], side * (pi / 2 + between(random, -0.4, 0.4)), places[i]);
  }
}

// An animal: the torso level, four legs below it, the head at one end.
void on_four_legs(std::vector<Part>& parts, Random& random) {
  const float side = random.below(2) ? 1.0f : -1.0f;
  place(parts, Limb::torso, side * pi / 2 + between(random, -0.15, 0.15), {0, 0});
  place(parts, Limb::head, side * between(random, 0.6, 2.2), {side * 0.24f, between(random, -0.16, 0.0)});
  place(parts, Limb::left_leg, between(random, -0.3, 0.3), {-0.11f, 0.24f});
  place(parts, Limb::right_leg, between(random, -0.3, 0.3), {0.12f, 0.24f});
  place(parts, Limb::left_arm, between(random, -0.4, 0.4), {-0.06f, 0.18f});
  place(parts, Limb::right_arm, between(random, -0.4, 0.4), {0.07f, 0.18f});
}

// The whole figure turned: lying, or standing on its head.
void turn(std::vector<Part>& parts, float angle) {
  for (const Limb limb : limbs) {
    const Point center = middle(parts, limb);
    place(parts, limb, angle, turned(center, {0, 0}, angle, {0, 0}));
  }
}

void draw(Canvas& canvas, const std::vector<Part>& parts, float height, Point hips) {
  const auto on_canvas = [&](Point p) { return Point{hips.x + height * p.x, hips.y + height * p.y}; };
  for (const Part& part : parts) {
    const Point a = on_canvas(part.a), b = on_canvas(part.b);
    if (part.round) {
      const bool turned = part.a.x != part.b.x || part.a.y != part.b.y;
      const float angle = turned ? std::atan2(part.b.x - part.a.x, part.a.y - part.b.y) : 0.0f;
      canvas.ellipse(a, part.from * height, part.to * height, angle, part.color);
    } else if (part.striped) {
      const float contrast = luminance(part.color) > 110 ? 0.35f : 2.2f;
      const PaintColor second{std::min(part.color.r * contrast + 10, 255.0f),
                              std::min(part.color.g * contrast + 10, 255.0f),
                              std::min(part.color.b * contrast + 10, 255.0f)};
      canvas.striped_capsule(a, part.from * height, b, part.to * height, part.color, second, 0.065f * height);
    } else {
      canvas.capsule(a, part.from * height, b, part.to * height, part.color);
    }
  }
}

// Where a figure stands: the whole of it is nearly always on the canvas.
struct Stand {
  float height;
  Point hips;
};

Stand random_stand(Random& random) {
  const float height = between(random, 0.55, 0.9);
  const float room = 0.5f - 0.46f * height;
  return {height,
          {0.5f + between(random, -1, 1) * std::max(room, 0.08f) * 1.2f,
           0.5f - 0.02f * height + between(random, -1, 1) * std::max(room, 0.03f)}};
}

}  // namespace

PaintColor random_color(Random& random) {
  // Between gray and full saturation, of any brightness.
  const float level = between(random, 30, 225), saturation = between(random, 0, 0.6);
  const auto channel = [&] { return std::clamp(level * (1 + saturation * between(random, -1, 1)), 0.0f, 255.0f); };
  const float r = channel(), g = channel(), b = channel();
  return {r, g, b};
}

void draw_person(Canvas& canvas, Random& random) {
  const Stand stand = random_stand(random);
  Look look = random_look(random);
  look.striped = random.uniform() < 0.9;
  draw(canvas, person(look, random), stand.height, stand.hips);
}

void draw_distractor(Canvas& canvas, Random& random) {
  const Stand stand = random_stand(random);
  Look look = random_look(random);
  if (random.uniform() < 0.95) look.skin = same_brightness(look.skin, random);
  look.face = random.uniform() < 0.2;
  look.striped = random.uniform() < 0.15;
  std::vector<Part> parts = person(look, random);
  const double kind = random.uniform();
  if (kind < 0.35) scatter(parts, random);
  else if (kind < 0.7) on_four_legs(parts, random);
  else if (kind < 0.9) turn(parts, (random.below(2) ? 1.0f : -1.0f) * (pi / 2 + between(random, -0.3, 0.3)));
  else turn(parts, pi + between(random, -0.4, 0.4));
  draw(canvas, parts, stand.height, stand.hips);
}

}  // namespace danas
