#include "nas/fitness.hpp"

#include <algorithm>
#include <cctype>

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

bool ParetoFront::insert(std::int64_t id, const Point& point) {
  for (const Member& member : members_)
    if (member.point == point || dominates(member.point, point)) return false;
  left_.clear();
  const auto beaten = [&](const Member& member) {
    if (!dominates(point, member.point)) return false;
    left_.push_back(member.id);
    return true;
  };
  members_.erase(std::remove_if(members_.begin(), members_.end(), beaten), members_.end());
  members_.push_back({id, point});
  return true;
}

std::vector<std::size_t> pareto_front(const std::vector<Point>& points) {
  ParetoFront front;
  for (std::size_t i = 0; i < points.size(); ++i) front.insert(static_cast<std::int64_t>(i), points[i]);
  std::vector<std::size_t> indices;
  for (const ParetoFront::Member& member : front.members()) indices.push_back(static_cast<std::size_t>(member.id));
  return indices;
}

}  // namespace danas
