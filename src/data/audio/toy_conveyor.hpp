// ToyADMOS' ToyConveyor as it lies on the disk (Koizumi et al., WASPAA 2019).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace danas {

/// Paths of WAV files, each list sorted by name.
struct ToyConveyor {
  std::vector<std::string> normal;     ///< ToyConveyor/caseN/NormalSound_IND
  std::vector<std::string> anomalous;  ///< ToyConveyor/caseN/AnomalousSound_IND
  std::vector<std::string> noise;      ///< ToyConveyor/EnvironmentalNoise_CNT, those of the case
};

/// What the folder that holds ToyConveyor has of a case and a channel, both numbered from 1; the channel of a recording
/// stands in its name, the case of a noise too: `…_case1_…_ch1_….wav`. Throws Error that names the folder which is missing
/// or has none of them.
ToyConveyor list_toy_conveyor(const std::filesystem::path& folder, int conveyor_case, int channel);

}  // namespace danas
