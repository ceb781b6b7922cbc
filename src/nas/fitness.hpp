// Device limits, fitness (eq. 4) and Pareto fronts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nas/estimators.hpp"
#include "nn/metrics.hpp"

namespace danas {

struct Device {
  std::string name = "STM32F765";
  double ram_kib = 512, flash_kib = 2048;
  int activation_bytes = 1, parameter_bytes = 1;   ///< width of one number: 1 is int8

  long long ram_bytes() const { return static_cast<long long>(ram_kib * 1024); }
  long long flash_bytes() const { return static_cast<long long>(flash_kib * 1024); }
};
/// Known devices of Table 1 and common boards, for `danas init --device NAME`; throws Error listing the names.
Device find_device(const std::string& name);
std::vector<Device> known_devices();

struct FitnessWeights { double accuracy = 1, precision = 1, recall = 1, ram = 1, flash = 1; };

struct Violation { long long ram = 0, flash = 0; bool none() const { return ram == 0 && flash == 0; } };
Violation violation(const Resources& resources, const Device& device);   ///< bytes over the limits

/// eq. 4: w1·accuracy + w2·precision + w3·recall + w4·(1 − v_ram/limit) + w5·(1 − v_flash/limit).
double fitness(const Metrics& metrics, const Violation& violation, const Device& device, const FitnessWeights& weights);

struct Point {
  double accuracy;
  long long ram_bytes, flash_bytes;
  bool operator==(const Point&) const = default;
};
/// a is at least as good as b everywhere and better somewhere.
bool dominates(const Point& a, const Point& b);
/// Indices of the points that no other dominates, in ascending order; of equal points the first only.
std::vector<std::size_t> pareto_front(const std::vector<Point>& points);

/// The same, kept up to date point by point.
class ParetoFront {
 public:
  struct Member { std::int64_t id; Point point; };

  /// Whether the point joins the front; then those that it dominates have left.
  bool insert(std::int64_t id, const Point& point);
  const std::vector<Member>& members() const { return members_; }   ///< in the order in which they joined
  /// Ids of those that the latest point to join has driven off.
  const std::vector<std::int64_t>& left() const { return left_; }

 private:
  std::vector<Member> members_;
  std::vector<std::int64_t> left_;
};

}  // namespace danas
