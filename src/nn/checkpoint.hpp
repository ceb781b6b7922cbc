// Checkpoints in safetensors: 8-byte header length, JSON header, data. Little endian; F32, or F64 for a network in double.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nn/mobilenet_v2.hpp"
#include "nn/network.hpp"

namespace danas {

using Metadata = std::map<std::string, std::string>;

/// Written aside, flushed, renamed; a checksum of header and data is in the metadata ("checksum"), so that an altered file
/// is found. `extra` are further tensors (the optimizer's state).
void save_checkpoint(const std::filesystem::path& path, const Network& network, const Metadata& metadata,
                     const std::vector<NamedWeight>& extra = {});

/// A checkpoint's tensors, checked whole (lengths, offsets, types, checksum) before anything is used. Throws Error naming
/// the file and the tensor.
class Checkpoint {
 public:
  explicit Checkpoint(const std::filesystem::path& path);
  const Metadata& metadata() const;
  /// Copies every weight of the network (and of `extra`) by name, converted where the types differ; a missing one, another
  /// shape, a number that is not finite or a variance below 0 throws Error before anything is copied.
  void load(const Network& network, const std::vector<NamedWeight>& extra = {}) const;

 private:
  struct Entry {
    std::vector<std::int64_t> shape;
    Type type;
    std::size_t begin, end;
  };  ///< bytes in content_
  const Entry& find(const NamedWeight& weight) const;
  double value(const Entry& entry, std::size_t index) const;
  void check_values(const std::string& name, const Entry& entry) const;

  std::filesystem::path path_;
  std::string content_;
  Metadata metadata_;
  std::map<std::string, Entry> entries_;
};

}  // namespace danas
