// Features of an image as a whole, composed of the backend's other operations: what they mean.
#include "tensor/arena.hpp"
#include "tensor/backend.hpp"

namespace danas {

FoldedFeatures Backend::fold_features(const Filter& w, const BatchNormWeights& weights, double epsilon, Activation act,
                                      Arena& arena) {
  FoldedFeatures features;
  features.filter = arena.take_filter(w.h, w.w, w.in, w.out);
  features.bias = arena.take_vector(w.out);
  features.activation = act;
  fold_batch_norm(w, weights, epsilon, features.filter, features.bias);
  return features;
}

void Backend::features_inference(const View& x, const FoldedFeatures& features, Arena& arena, const View& y) {
  const ArenaScope scope(arena);
  const View map = arena.take(x.n, x.h, x.w, features.filter.out);
  convolution(x, features.filter, {1, Padding::same}, features.bias, features.activation, map);
  global_average_pool(map, y);
}

}  // namespace danas
