// The inverted bottleneck in training mode. Forward: expand with the sums of its statistics, then normalize, ReLU6 and
// filter a plane at a time, then normalize, ReLU6 and project a block of pixels at a time; only what the three
// convolutions give is stored. Backward the same way, each pass with the sums that the next one needs.
#pragma once

#include "tensor/cpu/block_team.hpp"

namespace danas::cpu {

/// Everything that is saved; what is left is the third normalization.
void forward(const BlockTeam& team, const BottleneckShape& shape, const View& x, const BottleneckWeights& weights,
             double epsilon, const BottleneckSaved& saved);

/// From the gradient by what the projection gave, scratch.dprojected, on. `residual` is the gradient that is added to dx,
/// or absent.
struct BlockGradients {
  const View& dx;  ///< or absent
  const View& residual;
  const BottleneckGradients& weights;
};
void backward(const BlockTeam& team, const BottleneckShape& shape, const View& x, const BottleneckWeights& weights,
              double epsilon, const BottleneckSaved& saved, const BottleneckScratch& scratch,
              const BlockGradients& gradients);

/// A plane whose rows are padded, in a worker's memory: whole, or the rows that a band of the other side needs.
class PaddedTile {
 public:
  static constexpr Index most_pixels = 200;  ///< of a map that is kept whole
  static constexpr Index band_rows = 2;      ///< of this side, else

  PaddedTile(Index images, Index height, Index width, bool whole, int planes)
      : rows_(whole ? height : std::min<Index>(height, band_rows + 3)), row_((width + 2) * plane_channels),
        image_(rows_ * row_), plane_(images * image_), height_(height), planes_(planes) {}

  Index floats() const { return row_ + planes_ * plane_; }
  /// Takes the memory and clears the padding.
  void place(float* memory);
  PaddedPlane plane(int index) const { return {tile_ + index * plane_, image_, row_, rows_, height_, zeros_}; }
  Index row_floats() const { return row_; }
  Index plane_floats() const { return plane_; }
  float* tile() const { return tile_; }
  /// body(first row of these, count, where it begins) over rows [first, last) of an image where they lie together.
  template <class Body>
  void for_runs(int plane, Index image, Index first, Index last, const Body& body) const {
    while (first < last) {
      const Index place = first % rows_, count = std::min(last - first, rows_ - place);
      body(first, count, tile_ + plane * plane_ + image * image_ + place * row_ + plane_channels);
      first += count;
    }
  }
  /// Where the pixels of rows [first, last) of all images lie in a plane.
  void find_offsets(Index images, Index first, Index last, std::vector<std::int32_t>& offsets) const;

 private:
  Index rows_, row_, image_, plane_, height_;
  int planes_;
  float *zeros_ = nullptr, *tile_ = nullptr;
};

inline bool keeps_whole(const BottleneckShape& shape) {
  return shape.group > 1 || shape.in_pixels() <= PaddedTile::most_pixels;
}

/// Planes of a tile for one channel group after the other: a map in bands needs those of all.
inline int tile_planes(const BottleneckShape& shape) {
  return static_cast<int>(keeps_whole(shape) ? std::min(shape.planes, BottleneckShape::group_planes) : shape.planes);
}

/// The wide tensors' planes: [groups][planes][pixels][16].
struct WidePlanes {
  float* data;
  Index planes, plane;

  WidePlanes(const View& view) : data(view.as<float>()), planes(view.h), plane(view.w * plane_channels) {}
  float* at(Index group, Index index) const { return data + (group * planes + index) * plane; }
};

/// Copies channels of the narrow input to rows of a tile.
void copy_to_tile(const BlockTeam& team, const BottleneckShape& shape, const float* x, Index plane, Index rows,
                  float* to, Index to_row);

}  // namespace danas::cpu
