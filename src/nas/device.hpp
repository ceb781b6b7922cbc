// Microcontrollers: how much they hold, and how wide the numbers on them are.
#pragma once

#include <string>
#include <vector>

#include "nas/estimators.hpp"

namespace danas {

struct Device {
  std::string name = "STM32F765";
  double ram_kib = 512, flash_kib = 2048;
  ByteWidths bytes{};

  /// The most that a system may need, of each measure that is limited.
  Measures limits() const;
};

/// Known devices of Table 1 and common boards, for `danas init --device NAME`; throws Error listing the names.
Device find_device(const std::string& name);
std::vector<Device> known_devices();
std::string device_names();  ///< of the known ones, separated by commas

}  // namespace danas
