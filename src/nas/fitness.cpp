#include "nas/fitness.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "base/error.hpp"

namespace danas {

namespace {

std::string lower(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

double free_share(long long excess, long long limit) {
  return 1.0 - static_cast<double>(excess) / static_cast<double>(limit);
}

}  // namespace

std::vector<Device> known_devices() {
  return {{"STM32F765", 512, 2048},  {"STM32F746", 320, 1024},          {"Arduino Nano 33 BLE Sense", 256, 1024},
          {"nRF52840", 256, 1024},   {"Raspberry Pi Pico", 264, 2048},  {"ESP32", 520, 4096},
          {"ESP32-S3", 512, 8192},   {"Arduino Portenta H7", 1024, 2048}, {"STM32H743", 1024, 2048},
          {"STM32L476", 128, 1024},  {"STM32F411", 128, 512}};
}

Device find_device(const std::string& name) {
  std::string names;
  for (const Device& device : known_devices()) {
    if (lower(device.name) == lower(name)) return device;
    names += (names.empty() ? "" : ", ") + device.name;
  }
  throw expected("device", "one of " + names, "\"" + name + "\"");
}

Violation violation(const Resources& resources, const Device& device) {
  return {std::max(0LL, resources.ram_bytes - device.ram_bytes()),
          std::max(0LL, resources.flash_bytes - device.flash_bytes())};
}

double fitness(const Metrics& metrics, const Violation& violation, const Device& device,
               const FitnessWeights& weights) {
  return weights.accuracy * metrics.accuracy + weights.precision * metrics.precision +
         weights.recall * metrics.recall + weights.ram * free_share(violation.ram, device.ram_bytes()) +
         weights.flash * free_share(violation.flash, device.flash_bytes());
}

bool dominates(const Point& a, const Point& b) {
  const bool as_good = a.accuracy >= b.accuracy && a.ram_bytes <= b.ram_bytes && a.flash_bytes <= b.flash_bytes;
  const bool better = a.accuracy > b.accuracy || a.ram_bytes < b.ram_bytes || a.flash_bytes < b.flash_bytes;
  return as_good && better;
}

std::vector<std::size_t> pareto_front(const std::vector<Point>& points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    const Point &a = points[i], &b = points[j];
    if (a.accuracy != b.accuracy) return a.accuracy > b.accuracy;
    if (a.ram_bytes != b.ram_bytes) return a.ram_bytes < b.ram_bytes;
    return a.flash_bytes < b.flash_bytes;
  });
  std::vector<std::size_t> front;  // in this order only earlier points can dominate or equal a later one
  for (const std::size_t candidate : order) {
    const bool beaten = std::any_of(front.begin(), front.end(), [&](std::size_t member) {
      return points[member].ram_bytes <= points[candidate].ram_bytes &&
             points[member].flash_bytes <= points[candidate].flash_bytes;
    });
    if (!beaten) front.push_back(candidate);
  }
  std::sort(front.begin(), front.end());
  return front;
}

}  // namespace danas
