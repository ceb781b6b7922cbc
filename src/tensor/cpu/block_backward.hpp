// The parts of the fused block's backward pass, for the files that have them.
#pragma once

#include <algorithm>

#include "tensor/cpu/block_moments.hpp"
#include "tensor/cpu/block_training.hpp"

namespace danas::cpu {

/// Two sums a channel: in single precision over a block, in double over a task.
struct PairSums {
  float first[group_planes * plane_channels], second[group_planes * plane_channels];

  void clear() { *this = {}; }
  void add_to(double* pairs, Index channels) const {
    for (Index c = 0; c < channels; ++c) {
      pairs[2 * c] += static_cast<double>(first[c]);
      pairs[2 * c + 1] += static_cast<double>(second[c]);
    }
  }
};

/// dx = a·q + b·x + c of a normalization's gradient, by channel, zeros beyond the last.
struct Combination {
  float *a, *b, *c;

  static Combination take(Parts& parts, Index padded) {
    float* a = parts.take(padded);
    float* b = parts.take(padded);
    return {a, b, parts.take(padded)};
  }
};

/// What all ways of keeping the expanded tensor share: the way back to the depthwise convolution, and the sums at the end.
class BackwardPass {
 public:
  BackwardPass(const BlockTeam& team, const BottleneckShape& shape, const View& x, const BottleneckWeights& weights,
               double epsilon, const BottleneckSaved& saved, const BottleneckScratch& scratch,
               const BlockGradients& gradients)
      : team_(team), kernels_(team.kernels.block), shape_(shape), x_(x.as<const float>()), weights_(weights),
        epsilon_(epsilon), saved_(saved), scratch_(scratch), gradients_(gradients) {}

 protected:
  static constexpr Index pixel = plane_channels;
  static constexpr Index group_channels = group_planes * plane_channels;
  static constexpr Index least_tasks = 16;

  /// Takes the memory that place(parts, partials) cuts up, called twice.
  template <class Place>
  void take_memory(const Place& place) const {
    Parts measured, measured_partials;
    place(measured, measured_partials);
    Parts parts(team_.weights.take(measured.used())), partials(team_.partials.take(measured_partials.used()));
    place(parts, partials);
  }
  /// What prepare() and through_projection() need.
  void place_shared(Parts& parts, Parts& partials);
  void add_panels(Packer& packer) const;
  void set_vectors() const;
  /// q2 where the gradient of what the depthwise convolution gave will be, and the projection's gradient.
  void through_projection() const;

  /// body(first image group, last, chunk, channel group, worker): units of a pass are (chunk of image groups, channel
  /// group), each with its own partial sums.
  template <class Body>
  void for_units(const Body& body) const {
    const Index channel_groups = shape_.channel_groups(), chunk = divide_up(shape_.groups, chunks_);
    team_.pool.run(chunks_ * channel_groups, [&](std::int64_t task, int worker) {
      const Index index = task / channel_groups, first = std::min(index * chunk, shape_.groups);
      body(first, std::min(first + chunk, shape_.groups), index, task % channel_groups,
           team_.workers[static_cast<std::size_t>(worker)]);
    });
  }
  void projection_unit(Index group, Index channels, float* tile, float* out, double* pairs) const;
  double* pairs_of(Index chunk, Index plane) const {
    return pairs_ + 2 * (chunk * shape_.wide_padded() + plane * pixel);
  }
  /// The gradients of a normalization from the sums of q and of q·(x − mean), and what is left of its way back.
  void normalization_gradients(const BatchNormStatistics& statistics, const Normalization& normalization, Index rows,
                               const BatchNormGradients& gradients) const;

  /// Input rows of a band of a map.
  Index band_rows() const { return keeps_whole(shape_) ? shape_.in_h : std::min(PaddedTile::band_rows, shape_.in_h); }
  /// Output rows that input rows up to `last` see.
  Index output_rows(Index last) const {
    return std::min(shape_.out_h, (last - 1 + shape_.padding_y) / shape_.stride + 1);
  }
  /// The gradient of output rows [first, last) of a plane, into one of the tile's.
  void load_gradient(Index group, Index plane, Index first, Index last, const PaddedTile& tile, int tile_plane) const;
  /// The parts of a depthwise convolution's gradients that all have.
  PlaneFilterBackward filter_backward(Index plane, Index images, Index first, Index last) const;

  /// Partial sums of the filters' gradients, in their order, to where they belong.
  void finish(Index channels) const;
  void sum(float* partials, Index size, Index count, Index stride) const {
    if (count > 1) team_.kernels.sum_partials(size, partials, count, stride, partials);
  }

  const BlockTeam& team_;
  const BlockKernels& kernels_;
  const BottleneckShape& shape_;
  const float* x_;
  const BottleneckWeights& weights_;
  const double epsilon_;
  const BottleneckSaved& saved_;
  const BottleneckScratch& scratch_;
  const BlockGradients& gradients_;
  Index chunks_ = 1;
  float *project_panels_ = nullptr, *expand_panels_ = nullptr, *taps_ = nullptr;
  Normalization second_{};
  Combination combination_{};
  double* pairs_ = nullptr;
  float *dproject_ = nullptr, *dtaps_ = nullptr, *dexpand_ = nullptr;
};

/// The expanded tensor is stored, or there is none.
void backward_stored(const BlockTeam& team, const BottleneckShape& shape, const View& x,
                     const BottleneckWeights& weights, double epsilon, const BottleneckSaved& saved,
                     const BottleneckScratch& scratch, const BlockGradients& gradients);
/// Its statistics came from the input's covariance.
void backward_from_covariance(const BlockTeam& team, const BottleneckShape& shape, const View& x,
                              const BottleneckWeights& weights, double epsilon, const BottleneckSaved& saved,
                              const BottleneckScratch& scratch, const BlockGradients& gradients);

}  // namespace danas::cpu
