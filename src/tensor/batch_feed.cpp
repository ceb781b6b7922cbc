#include "tensor/batch_feed.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "tensor/tensor.hpp"

namespace danas {

namespace {

class ComposedFeed : public BatchFeed {
 public:
  ComposedFeed(Backend& backend, const View& images, std::size_t staged_bytes)
      : backend_(backend), images_(backend, images.n, images.h, images.w, images.c),
        labels_(backend, View{Type::i32, nullptr, images.n, 1, 1, 1}) {
    for (auto& each : staging_) each.resize(staged_bytes);
  }

  void wait(std::size_t) override {}  // make() is done when it returns
  std::span<std::uint8_t> staging(std::size_t slot) override { return staging_[slot]; }

  Batch make(std::size_t, const PlannedBatch& batch) override {
    Batch made{images_.view(), labels_.view()};
    made.images.n = made.labels.n = static_cast<std::int64_t>(batch.images.size());
    backend_.augment(batch.images, batch.crops, made.images);
    backend_.upload(batch.labels.data(), made.labels);
    return made;
  }

 private:
  Backend& backend_;
  Tensor images_, labels_;
  std::array<std::vector<std::uint8_t>, slots> staging_;
};

}  // namespace

std::unique_ptr<BatchFeed> compose_feed(Backend& backend, const View& images, std::size_t staged_bytes) {
  return std::make_unique<ComposedFeed>(backend, images, staged_bytes);
}

std::size_t bytes_of(const Image& image, const Crop& crop) {
  return static_cast<std::size_t>(crop.width) * static_cast<std::size_t>(crop.height) *
         static_cast<std::size_t>(image.channels);
}

void stage(Image& image, Crop& crop, std::uint8_t* to) {
  const std::int64_t pixel = image.channels, row = crop.width * pixel;
  const std::uint8_t* from = image.pixels + (std::int64_t{crop.y} * image.width + crop.x) * pixel;
  std::uint8_t* out = to;
  for (int y = 0; y < crop.height; ++y, from += image.width * pixel, out += row) std::copy_n(from, row, out);
  image = {to, crop.width, crop.height, image.channels};
  crop = {0, 0, crop.width, crop.height, crop.flip};
}

}  // namespace danas
