// A 1×1 convolution whose output is averaged over its map. The output is there for some images and a panel of columns at
// a time, in the first-level cache.
#include <algorithm>

#include "tensor/arena.hpp"
#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {
namespace {

constexpr Index tile_rows = 72;  ///< of the output at a time: a multiple of the register tiles' heights, of 9 and 4
constexpr Index cache_floats = 131072;  ///< of a task's input: a share of the second-level cache
constexpr Index least_tasks = 16;

/// The parts of packed weights.
struct PackedFeatures {
  PackedFeatures(const Filter& w, Index lanes, float* memory) {
    Parts parts(memory);
    panels = parts.take(w.in * divide_up(w.out, lanes) * lanes);
    bias = parts.take(divide_up(w.out, lanes) * lanes);
    size = parts.used();
  }
  float *panels, *bias;
  Index size;
};

void pack_features(const BlockTeam& team, const FoldedFeatures& features, float* packed) {
  const Filter& w = features.filter;
  const Index lanes = team.kernels.lanes;
  const PackedFeatures parts(w, lanes, packed);
  Packer packer(lanes);
  packer.add(Matrix::of(w), w.in, parts.panels);
  packer.run(team.pool);
  pad_vector(features.bias.as<const float>(), w.out, divide_up(w.out, lanes) * lanes, parts.bias);
}

/// Means over the map for some images and a panel.
class FeaturesTask {
 public:
  FeaturesTask(const Kernels& kernels, const View& x, const FoldedFeatures& features, const PackedFeatures& packed,
               float* tile, const View& y)
      : kernels_(kernels), x_(x), features_(features), packed_(packed), tile_(tile), y_(y) {}

  void run(Index begin, Index end, Index vector, int vectors) const {
    const Index pixels = x_.h * x_.w, lanes = kernels_.lanes, column = vector * lanes, width = vectors * lanes;
    const Index columns = std::min(width, y_.c - column), at_once = std::max<Index>(1, tile_rows / pixels);
    MatmulBlock block{};
    block.x_stride = block.depth = x_.c;
    block.panel = packed_.panels + column * x_.c;
    block.vectors = vectors;
    block.bias = packed_.bias + column;
    block.act = features_.activation;
    for (Index image = begin; image < end; image += at_once) {
      const Index images = std::min(at_once, end - image);
      float* const out = y_.as<float>() + image * y_.c + column;
      block.x = x_.as<const float>() + image * pixels * x_.c;
      block.rows = images * pixels;
      block.columns = pixels == 1 ? columns : width;
      block.y = pixels == 1 ? out : tile_;
      block.y_stride = pixels == 1 ? y_.c : width;
      kernels_.matmul(block);
      for (Index i = 0; pixels > 1 && i < images; ++i) {
        float* const sums = tile_ + i * pixels * width;
        kernels_.column_sums({pixels, width, 0}, sums, sums);
        kernels_.scale(columns, sums, 1.0f / static_cast<float>(pixels), out + i * y_.c);
      }
    }
  }

 private:
  const Kernels& kernels_;
  const View& x_;
  const FoldedFeatures& features_;
  const PackedFeatures& packed_;
  float* tile_;
  const View& y_;
};

}  // namespace

FoldedFeatures CpuBackend::fold_features(const Filter& w, const BatchNormWeights& weights, double epsilon,
                                         Activation act, Arena& arena) {
  const View packed = arena.take_vector(PackedFeatures(w, kernels_.lanes, nullptr).size);
  float* const dense = packed_.take((w.in + 1) * w.out);  // not the arena's: what it gives back counts as its peak
  const Filter filter = dense_filter(Type::f32, dense, w.h, w.w, w.in, w.out);
  const View bias = vector_view(Type::f32, dense + w.in * w.out, w.out);
  fold_batch_norm(w, weights, epsilon, filter, bias);
  pack_features(team(), {filter, bias, act, {}}, packed.as<float>());
  return {dense_filter(Type::f32, packed.data, w.h, w.w, w.in, w.out), {}, act, packed};
}

void CpuBackend::features_inference(const View& x, const FoldedFeatures& features, Arena& arena, const View& y) {
  constexpr const char* op = "features_inference";
  if (x.size() == 0) return Backend::features_inference(x, features, arena, y);
  View map = y;
  map.h = x.h;
  map.w = x.w;
  shapes::matmul(op, Type::f32, x, features.filter, map);
  shapes::pool(op, Type::f32, map, y);
  const Index lanes = kernels_.lanes, pixels = x.h * x.w, vectors = divide_up(y.c, lanes);
  auto* memory = const_cast<float*>(features.packed.as<const float>());
  if (!memory) {
    shapes::vector(op, Type::f32, features.bias, features.filter.out);
    memory = packed_.take(PackedFeatures(features.filter, lanes, nullptr).size);
    pack_features(team(), features, memory);
  }
  const PackedFeatures packed(features.filter, lanes, memory);

  Index image_groups = divide_up(x.n * pixels * x.c, cache_floats);
  const Index images = divide_up(x.n, image_groups);
  image_groups = divide_up(x.n, images);
  const Index panels = divide_up(vectors, 3), panels_per_task = divide_up(panels, divide_up(least_tasks, image_groups));
  const Index column_groups = divide_up(panels, panels_per_task);
  pool_.run(image_groups * column_groups, [&](std::int64_t task, int worker) {
    Scratch& scratch = workers_[static_cast<std::size_t>(worker)].rows;
    float* const tile = scratch.take(std::max(tile_rows, pixels) * 3 * lanes);
    const FeaturesTask features_task(kernels_, x, features, packed, tile, y);
    const Index begin = task / column_groups * images, panel = task % column_groups * panels_per_task;
    const Index last = panel_begin(panel + panels_per_task, vectors);
    for (Index vector = panel_begin(panel, vectors); vector < last;) {
      const int width = panel_vectors(vectors - vector);
      features_task.run(begin, std::min(begin + images, x.n), vector, width);
      vector += width;
    }
  });
}

}  // namespace danas::cpu
