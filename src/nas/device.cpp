#include "nas/device.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/error.hpp"

namespace danas {

namespace {

std::string lower(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

}  // namespace

std::vector<Device> known_devices() {
  return {{"STM32F765", 512, 2048},
          {"STM32F746", 320, 1024},
          {"Arduino Nano 33 BLE Sense", 256, 1024},
          {"nRF52840", 256, 1024},
          {"Raspberry Pi Pico", 264, 2048},
          {"ESP32", 520, 4096},
          {"ESP32-S3", 512, 8192},
          {"Arduino Portenta H7", 1024, 2048},
          {"STM32H743", 1024, 2048},
          {"STM32L476", 128, 1024},
          {"STM32F411", 128, 512}};
}

std::string device_names() {
  std::string names;
  for (const Device& device : known_devices()) names += (names.empty() ? "" : ", ") + device.name;
  return names;
}

Device find_device(const std::string& name) {
  for (const Device& device : known_devices())
    if (lower(device.name) == lower(name)) return device;
  throw expected("device", "one of " + device_names(), "\"" + name + "\"");
}

Measures Device::limits() const {
  return {{Measure::ram_bytes, std::floor(ram_kib * 1024)}, {Measure::flash_bytes, std::floor(flash_kib * 1024)}};
}

}  // namespace danas
