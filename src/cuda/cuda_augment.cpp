// Images become network inputs on the device: their pixels come with the batch, or are there already.
#include <algorithm>

#include "cuda/augment.cuh"
#include "cuda/cuda_operations.hpp"
#include "cuda/launch.hpp"
#include "cuda/machine.hpp"
#include "cuda/transfer.hpp"
#include "tensor/batch_feed.hpp"
#include "tensor/tensor.hpp"

namespace danas::cuda {

namespace {

static_assert(sizeof(Picture) == planned_bytes);  // as the model of data's ways has it

constexpr std::size_t line = 64;

/// A slot begins with the pictures of a batch, then come pixels.
std::size_t pixels_begin(std::size_t images) { return (images * sizeof(Picture) + line - 1) / line * line; }

/// Sends a slot's pictures and pixels and makes images and, where they are present, labels of them.
template <class Element>
void make_images(Transfer& transfer, std::size_t slot, const PlannedBatch& batch, const View& out, const View& labels,
                 cudaStream_t stream) {
  constexpr const char* op = "augment";
  shapes::augment(op, type_of<Element>, batch.images, batch.crops, out);
  auto* const pictures = reinterpret_cast<Picture*>(transfer.host(slot));
  std::size_t end = pixels_begin(batch.images.size());
  for (std::size_t i = 0; i < batch.images.size(); ++i) {
    const Image& image = batch.images[i];
    const Crop& crop = batch.crops[i];
    const std::byte* const pixels = transfer.on_device(slot, image.pixels);
    const Index stride = Index{image.width} * image.channels;
    if (pixels != reinterpret_cast<const std::byte*>(image.pixels))
      end = std::max(end, static_cast<std::size_t>(pixels - transfer.device(slot) + stride * image.height));
    pictures[i] = {reinterpret_cast<const unsigned char*>(pixels) + crop.y * stride + Index{crop.x} * image.channels,
                   stride,
                   crop.width,
                   crop.height,
                   image.channels,
                   batch.labels.empty() ? 0 : batch.labels[i],
                   crop.flip};
  }
  transfer.send(slot, end, stream);
  launch_each(op, out.size(), stream,
              Augment<Element>{reinterpret_cast<const Picture*>(transfer.device(slot)), out.as<Element>(),
                               labels.as<int>(), count_of(op, out.h), count_of(op, out.w), count_of(op, out.c)});
  transfer.end_reading(slot, stream);
}

template <class Element>
class Feed : public BatchFeed {
 public:
  Feed(CudaBackend& backend, const View& images, std::size_t staged_bytes)
      : backend_(backend), images_(backend, images.n, images.h, images.w, images.c),
        labels_(backend, View{Type::i32, nullptr, images.n, 1, 1, 1}),
        first_(pixels_begin(static_cast<std::size_t>(images.n))), staged_bytes_(staged_bytes),
        transfer_(slots, first_ + staged_bytes) {}

  void wait(std::size_t slot) override { transfer_.wait(slot); }
  std::span<std::uint8_t> staging(std::size_t slot) override {
    return {reinterpret_cast<std::uint8_t*>(transfer_.host(slot) + first_), staged_bytes_};
  }

  Batch make(std::size_t slot, const PlannedBatch& batch) override {
    Batch made{images_.view(), labels_.view()};
    made.images.n = made.labels.n = static_cast<std::int64_t>(batch.images.size());
    make_images<Element>(transfer_, slot, batch, made.images, made.labels, backend_.stream());
    return made;
  }

 private:
  CudaBackend& backend_;
  Tensor images_, labels_;
  std::size_t first_, staged_bytes_;  ///< of a slot's pixels
  Transfer transfer_;
};

}  // namespace

template <class Element>
void CudaOperations<Element>::augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) {
  shapes::augment("augment", type, images, crops, out);
  std::size_t bytes = pixels_begin(images.size());
  std::vector<Image> sent(images.begin(), images.end());
  std::vector<Crop> seen(crops.begin(), crops.end());
  for (std::size_t i = 0; i < images.size(); ++i) bytes += bytes_of(images[i], crops[i]);
  cudaStream_t queue = stream();
  Transfer transfer(1, bytes);
  auto* to = reinterpret_cast<std::uint8_t*>(transfer.host(0) + pixels_begin(images.size()));
  for (std::size_t i = 0; i < images.size(); ++i) {
    stage(sent[i], seen[i], to);
    to += bytes_of(sent[i], seen[i]);
  }
  make_images<Element>(transfer, 0, {sent, seen, {}}, out, {}, queue);
}

template <class Element>
std::unique_ptr<BatchFeed> CudaOperations<Element>::feed(const View& images, std::size_t staged_bytes) {
  stream();  // selects the device
  return std::make_unique<Feed<Element>>(*this, images, staged_bytes);
}

template class CudaOperations<float>;
template class CudaOperations<__half>;
template class CudaOperations<__nv_bfloat16>;

}  // namespace danas::cuda
