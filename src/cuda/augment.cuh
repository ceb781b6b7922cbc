// Images to network inputs, in integers: the pixels of tensor/area_resize.hpp to the bit.
#pragma once

#include "cuda/gpu.cuh"

namespace danas::cuda {

/// A crop that is to be seen, of an image anywhere on the device, and its label.
struct Picture {
  const unsigned char* pixels;  ///< the first one of the crop
  Index stride;                 ///< bytes from one row of the image to the next
  int width, height, channels;
  int label;
  bool flip;
};

/// What source pixel `pixel` of `in` and output pixel `index` of `out` share of an axis of in·out parts.
__device__ inline Index shared_parts(Index pixel, Index in, Index index, Index out) {
  const Index end = (pixel + 1) * out < (index + 1) * in ? (pixel + 1) * out : (index + 1) * in;
  const Index begin = pixel * out > index * in ? pixel * out : index * in;
  return end > begin ? end - begin : 0;
}

/// A number of the output, for for_each: the mean of what it covers, rounded half up, as (x − 128)/128. Reads the crops
/// once or, where they are enlarged, from the caches; writes out. The first number of an image writes its label too, unless
/// labels are absent (null).
template <class Element>
struct Augment {
  const Picture* pictures;
  Element* out;
  int* labels;
  int height, width, channels;

  __device__ Index area_mean(const Picture& picture, Index oy, Index ox, int channel) const {
    Index sum = 0;
    for (Index y = oy * picture.height / height; y * height < (oy + 1) * picture.height; ++y) {
      const unsigned char* const row = picture.pixels + y * picture.stride + channel;
      Index line = 0;
      for (Index x = ox * picture.width / width; x * width < (ox + 1) * picture.width; ++x) {
        const Index column = picture.flip ? picture.width - 1 - x : x;
        line += shared_parts(x, picture.width, ox, width) * row[column * picture.channels];
      }
      sum += shared_parts(y, picture.height, oy, height) * line;
    }
    const Index area = Index{picture.width} * picture.height;
    return (2 * sum + area) / (2 * area);
  }

  /// Channel c of the output's pixel, as a byte.
  __device__ Index seen(const Picture& picture, Index oy, Index ox, int c) const {
    if (picture.channels == 1) return area_mean(picture, oy, ox, 0);
    if (channels == 3) return area_mean(picture, oy, ox, c);
    return (77 * area_mean(picture, oy, ox, 0) + 150 * area_mean(picture, oy, ox, 1) +
            29 * area_mean(picture, oy, ox, 2) + 128) /
           256;
  }

  __device__ void operator()(Index i) const {
    const int c = static_cast<int>(i % channels);
    const Index pixel = i / channels, image = pixel / width / height;
    const Picture picture = pictures[image];
    if (labels != nullptr && i == image * height * width * channels) labels[image] = picture.label;
    out[i] = rounded<Element>(static_cast<float>(seen(picture, pixel / width % height, pixel % width, c) - 128) / 128);
  }
};

}  // namespace danas::cuda
