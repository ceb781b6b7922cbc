#include "results/hypervolume.hpp"

#include <algorithm>

namespace danas {

namespace {

// In every coordinate the distance from the ideal, as a share of the worst one's.
using Point = std::vector<double>;

double distance(Measure measure, double value, double worst) {
  return info(measure).better == Better::more ? (1 - value) / (1 - worst) : value / worst;
}

// Slices along the last coordinate, in each of which the same points reach through (Knowles, 2002): between one point's
// last coordinate and the next one's, those up to it cover what their other coordinates do.
double covered(std::vector<Point> points, std::size_t coordinates) {
  if (points.empty()) return 0;
  const std::size_t last = coordinates - 1;
  std::ranges::sort(points, {}, [&](const Point& point) { return point[last]; });
  if (last == 0) return 1 - points.front()[0];
  double sum = 0;
  std::vector<Point> reaching;
  for (std::size_t i = 0; i < points.size(); ++i) {
    reaching.push_back(points[i]);
    const double end = i + 1 < points.size() ? points[i + 1][last] : 1;
    if (end > points[i][last]) sum += (end - points[i][last]) * covered(reaching, last);
  }
  return sum;
}

}  // namespace

double hypervolume(const std::vector<Measures>& systems, const Objectives& objectives, const Measures& worst) {
  std::vector<Point> points;
  for (const Measures& system : systems) {
    Point& point = points.emplace_back();
    for (const Measure measure : objectives) point.push_back(distance(measure, system[measure], worst[measure]));
    if (std::ranges::any_of(point, [](double share) { return share >= 1; })) points.pop_back();
  }
  return covered(std::move(points), objectives.size());
}

}  // namespace danas
