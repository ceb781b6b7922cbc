// Images to network inputs: the pixels that area_resize gives, as numbers.
#include "tensor/area_resize.hpp"
#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {

void CpuBackend::augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) {
  shapes::augment("augment", Type::f32, images, crops, out);
  const Index size = out.h * out.w * out.c;
  pool_.run(out.n, [&](std::int64_t task, int worker) {
    std::vector<std::uint8_t>& pixels = workers_[static_cast<std::size_t>(worker)].pixels;
    pixels.resize(static_cast<std::size_t>(size));
    area_resize(kernels_, images[static_cast<std::size_t>(task)], crops[static_cast<std::size_t>(task)],
                static_cast<int>(out.w), static_cast<int>(out.h), static_cast<int>(out.c), pixels.data());
    kernels_.signed_shares(size, pixels.data(), out.as<float>() + task * size);
  });
}

}  // namespace danas::cpu
