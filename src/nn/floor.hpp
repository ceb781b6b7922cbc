// The least that training or evaluation of a network takes of a machine's memory and arithmetic, by a stated scheme.
#pragma once

#include <vector>

#include "nn/layer.hpp"

namespace danas {

/// Of one layer and a batch, where nothing is moved but what a step must keep in memory, with statistics gathered as a
/// tensor is written, and normalization, activation and masks done as it is read:
///  - training, every convolution and dense layer with input I and output O, those of a block each by itself: forward I is
///    read and O written (not yet normalized); backward, in one pass for both gradients, O, its gradient and I are read, and
///    the gradient of I is written: 3 I + 3 O, and 2 I + 3 O for the images; a pool: 2 I + 2 O; a residual reads O and I,
///    writes their sum and reads the gradient of that once more: 4 O;
///  - every weight read forward and backward, its gradient written, and Adam's seven accesses;
///  - evaluation: the input of every layer or block read, its output written, every weight read.
/// (A block's expanded tensor could be made again instead of being kept: then less is moved and more computed.)
/// Arithmetic is the useful one: two operations a multiply-add, forward, by inputs (not by images) and by weights.
struct LayerFloor {
  double activations = 0;  ///< numbers read and written
  double weights = 0;      ///< numbers read and written, in single precision
  double products = 0;     ///< FLOP of products
  double depthwise = 0;    ///< FLOP of depthwise convolutions
};
std::vector<LayerFloor> training_floor(const LayerList& layers, double images);
std::vector<LayerFloor> evaluation_floor(const LayerList& layers, double images);

}  // namespace danas
