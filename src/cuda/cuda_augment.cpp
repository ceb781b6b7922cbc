// Crops go to the device, their pixels alone, and become network inputs there.
#include <cstring>
#include <vector>

#include "cuda/augment.cuh"
#include "cuda/cuda_operations.hpp"
#include "cuda/launch.hpp"

namespace danas::cuda {

namespace {

void copy_crop(const Image& image, const Crop& crop, std::byte* to) {
  const std::size_t pixel = static_cast<std::size_t>(image.channels);
  const std::size_t row = static_cast<std::size_t>(crop.width) * pixel;
  for (int y = 0; y < crop.height; ++y) {
    const std::size_t first =
        static_cast<std::size_t>(crop.y + y) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(crop.x);
    std::memcpy(to + static_cast<std::size_t>(y) * row, image.pixels + first * pixel, row);
  }
}

}  // namespace

const std::byte* CudaBackend::upload_crops(std::span<const Image> images, std::span<const Crop> crops) {
  std::vector<Picture> pictures;
  std::size_t bytes = images.size() * sizeof(Picture);
  for (std::size_t i = 0; i < images.size(); ++i) {
    const Crop& crop = crops[i];
    pictures.push_back({static_cast<Index>(bytes), crop.width, crop.height, images[i].channels, crop.flip});
    bytes += static_cast<std::size_t>(crop.width) * static_cast<std::size_t>(crop.height) *
             static_cast<std::size_t>(images[i].channels);
  }
  cudaStream_t queue = stream();
  check(cudaEventSynchronize(copied_.get()), "waiting for a copy of images");
  if (bytes > staged_bytes_) {
    synchronize();
    staged_bytes_ = 0;
    staged_ = allocate_pinned(bytes + bytes / 4);
    pictures_ = allocate_device(bytes + bytes / 4);
    staged_bytes_ = bytes + bytes / 4;
  }
  std::memcpy(staged_.get(), pictures.data(), pictures.size() * sizeof(Picture));
  for (std::size_t i = 0; i < images.size(); ++i) copy_crop(images[i], crops[i], staged_.get() + pictures[i].first);
  check(cudaMemcpyAsync(pictures_.get(), staged_.get(), bytes, cudaMemcpyHostToDevice, queue), "uploading images");
  check(cudaEventRecord(copied_.get(), queue), "uploading images");
  return pictures_.get();
}

template <class Element>
void CudaOperations<Element>::augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) {
  shapes::augment("augment", type, images, crops, out);
  const std::byte* const uploaded = upload_crops(images, crops);
  launch_each("augment", out.size(), stream(),
              Augment<Element>{reinterpret_cast<const Picture*>(uploaded),
                               reinterpret_cast<const unsigned char*>(uploaded), out.as<Element>(),
                               count_of("augment", out.h), count_of("augment", out.w), count_of("augment", out.c)});
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
