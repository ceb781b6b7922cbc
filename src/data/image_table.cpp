#include "data/image_table.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <string>

#include "base/cpus.hpp"
#include "base/error.hpp"
#include "base/thread_pool.hpp"
#include "tensor/batch_feed.hpp"

namespace danas {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{16} << 20;  // of the host's memory, read ahead of each copy

std::size_t size_of(const Image& image) { return bytes_of(image, {0, 0, image.width, image.height}); }

// Images `places` of the set one after another into `chunk`, by all threads of the pool.
void read(const ImageSet& set, std::span<const std::uint32_t> places, const std::vector<std::size_t>& offsets,
          std::uint8_t* chunk, ThreadPool& pool) {
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::vector<std::uint8_t>> buffers(static_cast<std::size_t>(pool.threads()));
  pool.run(static_cast<std::int64_t>(places.size()), [&](std::int64_t task, int worker) noexcept {
    const auto i = static_cast<std::size_t>(task);
    try {
      Image image = set.item(places[i], buffers[static_cast<std::size_t>(worker)]).image;
      if (size_of(image) != offsets[i + 1] - offsets[i])
        throw Error(set.name(), "the cache is damaged; delete the file and start again", Fault::failure);
      Crop whole{0, 0, image.width, image.height};
      stage(image, whole, chunk + offsets[i]);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

ImageTable::ImageTable(const ImageSet& set, Backend& backend)
    : memory_(backend, View{Type::u8, nullptr, 1, 1, 1, static_cast<std::int64_t>(set.pixel_bytes().value())}),
      images_(static_cast<std::size_t>(set.size())) {
  const std::vector<std::uint32_t> places = set.readable();
  auto* to = memory_.view().as<std::uint8_t>();
  ThreadPool pool(usable_cpus());
  std::vector<std::uint8_t> chunk;
  std::vector<std::size_t> offsets;
  for (std::size_t begin = 0, end = 0; begin < places.size(); begin = end) {
    offsets.assign(1, 0);
    for (; end < places.size() && offsets.back() < chunk_bytes; ++end) {
      Image& image = images_[places[end]];
      image = set.outline(places[end]).image;
      image.pixels = to + offsets.back();
      offsets.push_back(offsets.back() + size_of(image));
    }
    chunk.resize(std::max(chunk.size(), offsets.back()));
    read(set, std::span(places).subspan(begin, end - begin), offsets, chunk.data(), pool);
    backend.upload(chunk.data(), vector_view(Type::u8, to, static_cast<std::int64_t>(offsets.back())));
    to += offsets.back();
  }
}

}  // namespace danas
