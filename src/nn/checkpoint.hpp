// Checkpoints in safetensors: 8-byte header length, JSON header, data. Little endian, F32.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nn/network.hpp"

namespace danas {

using Metadata = std::map<std::string, std::string>;

/// Written aside, flushed, renamed; a sha-like checksum of the data is in the metadata ("checksum"), so that an altered file
/// is found. `extra` are further tensors (the optimizer's state).
void save_checkpoint(const std::filesystem::path& path, const Network& network, const Metadata& metadata,
                     const std::vector<NamedWeight>& extra = {});

/// A checkpoint's tensors, checked whole (lengths, offsets, types, checksum) before anything is used. Throws Error naming
/// the file and the tensor.
class Checkpoint {
 public:
  explicit Checkpoint(const std::filesystem::path& path);
  const Metadata& metadata() const;
  /// Copies every weight of the network (and of `extra`) by name; a missing one or another shape throws Error.
  void load(const Network& network, const std::vector<NamedWeight>& extra = {}) const;

 private:
  std::filesystem::path path_;
  std::string content_;
  Metadata metadata_;
  struct Entry { std::vector<std::int64_t> shape; std::size_t begin, end; };
  std::map<std::string, Entry> entries_;
};

/// A model that stands alone: metadata "system" (96,monochrome,…), "classes" (JSON array of names), "positive".
Network load_model(Backend& backend, const std::filesystem::path& path, Metadata& metadata);

}  // namespace danas
