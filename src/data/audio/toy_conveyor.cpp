#include "data/audio/toy_conveyor.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "data/audio/wav.hpp"
#include "data/listing.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

// "ch1" is a part of "…_ch1_0001.wav" and none of "…_ch10_0001.wav".
bool has_part(const std::string& name, const std::string& part) {
  for (std::size_t at = name.find(part); at != std::string::npos; at = name.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    const bool begins = at == 0 || name[at - 1] == '_';
    if (begins && (end == name.size() || std::isdigit(static_cast<unsigned char>(name[end])) == 0)) return true;
  }
  return false;
}

std::vector<std::string> list_recordings(const fs::path& folder, const std::vector<std::string>& parts) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    throw expected(folder.string(), "a folder of ToyADMOS' recordings", "nothing there");
  std::vector<std::string> recordings;
  const Listing listing = list_folder(folder);
  for (const std::string& name : listing.files)
    if (has_wav_extension(name) &&
        std::all_of(parts.begin(), parts.end(), [&](const std::string& part) { return has_part(name, part); }))
      recordings.push_back(folder.string() + "/" + name);
  if (!recordings.empty()) return recordings;
  std::string pattern = "…";
  for (const std::string& part : parts) pattern += "_" + part + "_…";
  throw expected(folder.string(), "WAV recordings named " + pattern + ".wav",
                 "none among " + std::to_string(listing.files.size()) + " files" +
                     (listing.files.empty() ? "" : ", the first of which is " + listing.files.front()));
}

}  // namespace

ToyConveyor list_toy_conveyor(const fs::path& folder, int conveyor_case, int channel) {
  const std::string case_part = "case" + std::to_string(conveyor_case), channel_part = "ch" + std::to_string(channel);
  const fs::path root = folder / "ToyConveyor";
  std::error_code ignored;
  if (!fs::is_directory(root, ignored))
    throw expected(folder.string(), "a folder that holds ToyConveyor, as ToyADMOS is unpacked", "none in it");
  return {list_recordings(root / case_part / "NormalSound_IND", {channel_part}),
          list_recordings(root / case_part / "AnomalousSound_IND", {channel_part}),
          list_recordings(root / "EnvironmentalNoise_CNT", {case_part, channel_part})};
}

}  // namespace danas
