// Images of a set as they are cached, in the memory of a backend's device: written once, read by all its lanes.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image_set.hpp"
#include "tensor/tensor.hpp"

namespace danas {

class ImageTable {
 public:
  /// Uploads all readable images, with all CPUs reading or decoding them. The backend must outlive the table. Throws Error
  /// where there is no such memory, and as ImageSet::item.
  ImageTable(const ImageSet& set, Backend& backend);

  /// Image `index` of the set, which can be read; its pixels are in the device's memory.
  const Image& image(std::int64_t index) const { return images_[static_cast<std::size_t>(index)]; }

 private:
  Tensor memory_;
  std::vector<Image> images_;
};

}  // namespace danas
