// What `danas check` says of images: how they would be kept, and whether they come as fast as training takes them.
#pragma once

#include <functional>

#include "data/image_store.hpp"
#include "nas/experiment.hpp"

namespace danas {

/// Prints a line for each set of images of each resolution, then rates: decoding and cropping are measured on a sample.
/// `trained`: images/s that training a data configuration's supernet takes.
void print_images(const Experiment& experiment, const ImageStore& store,
                  const std::function<double(const DataConfiguration&)>& trained);

}  // namespace danas
