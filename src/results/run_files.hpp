// Names of the files of a run directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace danas {

class RunFiles {
 public:
  using Path = std::filesystem::path;

  explicit RunFiles(Path directory) : directory_(std::move(directory)) {}

  const Path& directory() const { return directory_; }

  Path experiment() const { return directory_ / "experiment.toml"; }
  Path candidates() const { return directory_ / "candidates.csv"; }
  Path training() const { return directory_ / "training.csv"; }
  Path front() const { return directory_ / "front.csv"; }
  Path summary() const { return directory_ / "summary.json"; }
  Path report() const { return directory_ / "report.html"; }
  Path log() const { return directory_ / "log.txt"; }

  Path models() const { return directory_ / "models"; }
  Path model(std::int64_t id) const { return models() / (std::to_string(id) + ".safetensors"); }
  Path layers(std::int64_t id) const { return models() / (std::to_string(id) + ".layers.csv"); }
  Path supernets() const { return directory_ / "supernets"; }
  /// `data` as "96-monochrome".
  Path supernet(const std::string& data) const { return supernets() / (data + ".safetensors"); }

  /// What a resume needs. Finals and tests have the columns of candidates.csv.
  Path state() const { return directory_ / "state"; }
  Path lock() const { return state() / "lock"; }
  Path build() const { return state() / "build"; }
  Path data() const { return state() / "data"; }
  Path kernels() const { return state() / "kernels.csv"; }  ///< of a GPU, where `--kernels best` chooses them
  Path progress() const { return state() / "progress.json"; }
  Path unfinished_supernet() const { return state() / "supernet.safetensors"; }
  /// As candidate `id` left it, where candidates change it.
  Path changed_supernets() const { return state() / "supernets"; }
  Path changed_supernet(const std::string& data, std::int64_t id) const {
    return changed_supernets() / (data + "." + std::to_string(id) + ".safetensors");
  }
  Path finals() const { return state() / "final.csv"; }
  Path tests() const { return state() / "test.csv"; }

 private:
  Path directory_;
};

}  // namespace danas
