// Every operation of the engine, forward and backward. A Backend knows views, nothing of tensors, tape or networks.
//
// Rules for all operations:
//  - Activations are dense NHWC (View); filters may have leading dimensions (Filter). All operands of a call have the
//    backend's real type except where said. Shapes are the caller's duty; a mismatch throws Error.
//  - Outputs are overwritten whole; nothing else is touched (never the gaps of a filter with leading dimensions).
//    Outputs may not overlap inputs except where "may alias" is said.
//  - Backward functions return the gradients of the loss by the named operand; they overwrite, they never accumulate.
//  - Results depend on shapes and values only, bit for bit: not on threads, addresses or leading dimensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tensor/view.hpp"

namespace danas {

class Arena;

enum class Activation : std::uint8_t { none, relu, relu6, sigmoid };

/// `same` pads as TensorFlow does: output = ceil(input / stride), the odd pixel of padding at the bottom and right.
enum class Padding : std::uint8_t { same, valid };

struct Geometry {
  int stride = 1;
  Padding padding = Padding::same;

  bool operator==(const Geometry&) const = default;
};

/// Output length of one axis, and the padding before it.
std::int64_t output_size(std::int64_t input, std::int64_t kernel, const Geometry& geometry);
std::int64_t padding_before(std::int64_t input, std::int64_t kernel, const Geometry& geometry);

/// A uint8 image of 1 or 3 channels, rows dense: pixel (y, x, c) at (y·width + x)·channels + c.
struct Image {
  const std::uint8_t* pixels = nullptr;
  int width = 0, height = 0, channels = 3;
};

/// The rectangle of an image that a network sees, in whole pixels, inside the image; at most 2²⁴ pixels a side.
struct Crop {
  int x = 0, y = 0, width = 0, height = 0;
  bool flip = false;  ///< mirrored left to right after the crop
};

// Aligned by hand: parts side by side.
// clang-format off
struct BatchNormWeights { View gamma, beta, running_mean, running_variance; };
struct BatchNormGradients { View gamma, beta; };
struct BatchNormStatistics { View mean, variance; };  ///< of one batch; variance biased (divided by the row count)

/// One inverted bottleneck of MobileNetV2 (Sandler et al., 2018). `expand` is absent where the expansion is 1.
struct BottleneckWeights {
  Filter expand;      BatchNormWeights bn1;  ///< 1×1, in → expanded; ReLU6 after bn1
  Filter depthwise;   BatchNormWeights bn2;  ///< 3×3, stride; ReLU6 after bn2
  Filter project;     BatchNormWeights bn3;  ///< 1×1, expanded → out; linear
  int stride = 1;
  bool residual = false;                     ///< adds the block's input to its output
};
struct BottleneckGradients {
  Filter expand;      BatchNormGradients bn1;
  Filter depthwise;   BatchNormGradients bn2;
  Filter project;     BatchNormGradients bn3;
};
/// What the forward pass keeps for the backward pass; which views are present is the backend's choice.
struct BottleneckSaved {
  View expanded, expanded_activated, filtered, filtered_activated, projected;
  View input_mean, input_covariance;         ///< of the block's input, by channel and by pairs of channels
  BatchNormStatistics bn1, bn2, bn3;
};
/// Batch normalization folded into filters and biases, for inference (Backend::fold_bottleneck). Where `packed` is present,
/// it holds the filters as the backend wants them; they themselves have their extents, but may not be read.
struct FoldedBottleneck {
  Filter expand;      View bias1;
  Filter depthwise;   View bias2;
  Filter project;     View bias3;
  int stride = 1;
  bool residual = false;
  View packed;                               ///< or absent
};
// clang-format on

struct AdamStep {
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7;
  double weight_decay = 0;
  bool decoupled = false;  ///< AdamW (Loshchilov and Hutter, 2019): w −= lr·decay·w; else decay·w is added to g
  std::int64_t step = 1;   ///< 1 at the first update
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string name() const = 0;             ///< "cpu avx512, 2 threads", "reference f64", …
  virtual std::string instruction_set() const = 0;  ///< "avx512", "avx2", "portable", "reference"
  virtual Type real_type() const = 0;               ///< element type of activations and weights
  virtual int threads() const = 0;

  // Memory, aligned to 64 bytes. It belongs to the backend's device: nobody but the backend reads or writes it, others
  // move numbers with the functions below.
  virtual void* allocate(std::size_t bytes) = 0;  ///< throws Error (Fault::failure) when there is none
  virtual void release(void* memory) noexcept = 0;
  virtual bool host_memory() const = 0;  ///< whether it is the host's, whose memory the operations take too
  /// Numbers of the view's type, between the host's memory and this; done when the call returns.
  virtual void upload(const void* host, const View& to) = 0;
  virtual void download(const View& from, void* host) = 0;
  virtual void copy(const View& from, const View& to) = 0;  ///< of one shape and type; no overlap
  virtual void copy(const Filter& from,
                    const Filter& to) = 0;       ///< of one shape and type; leading dimensions may differ
  virtual void clear(const View& view) = 0;      ///< zeros
  virtual void clear(const Filter& filter) = 0;  ///< zeros, but for the gaps

  // Convolution: y[n,oy,ox,o] = act(bias[o] + Σ x[n, oy·s+ky−p, ox·s+kx−p, i]·w[ky,kx,i,o]). bias may be absent.
  virtual void convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                           const View& y) = 0;
  virtual void convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                          const View& dx) = 0;
  virtual void convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                           const Filter& dw) = 0;

  // Depthwise convolution: y[n,oy,ox,c] = act(bias[c] + Σ x[n, oy·s+ky−p, ox·s+kx−p, c]·w[ky,kx,0,c]).
  virtual void depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                         const View& y) = 0;
  virtual void depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) = 0;
  virtual void depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry, const Filter& dw) = 0;

  // Matrix product of the rows of x [rows, in] and w [in, out]: y = act(x·w + bias); the dense layer. bias may be
  // absent.
  virtual void matmul(const View& x, const Filter& w, const View& bias, Activation act, const View& y) = 0;
  virtual void matmul_backward_input(const View& dy, const Filter& w, const View& dx) = 0;
  virtual void matmul_backward_filter(const View& x, const View& dy, const Filter& dw) = 0;
  virtual void bias_backward(const View& dy, const View& dbias) = 0;  ///< sum over rows

  // Batch normalization over rows: y = act(γ·(x − mean)/√(variance + ε) + β). ReLU6 and its like are part of the op, as
  // every pass over a wide tensor counts.
  virtual void batch_norm_training(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                   const View& y, const BatchNormStatistics& statistics) = 0;
  virtual void batch_norm_inference(const View& x, const BatchNormWeights& weights, double epsilon, Activation act,
                                    const View& y) = 0;
  /// Of the training mode. dx may alias dy. `y` is the forward output (for the activation's mask; not read where there
  /// is none). All three gradients are written.
  virtual void batch_norm_backward(const View& x, const View& y, const View& dy, const BatchNormWeights& weights,
                                   const BatchNormStatistics& statistics, double epsilon, Activation act,
                                   const View& dx, const BatchNormGradients& gradients) = 0;
  /// running = momentum·running + (1 − momentum)·batch, mean and variance.
  virtual void update_running_statistics(const BatchNormStatistics& batch, double momentum,
                                         const BatchNormWeights& weights) = 0;
  /// w·γ/√(variance + ε) by output channel and β − γ·mean/√(variance + ε); for depthwise filters too. `folded` is
  /// dense.
  virtual void fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon, const Filter& folded,
                               const View& bias) = 0;

  // Elementwise. dx may alias dy, y may alias x.
  virtual void activation(const View& x, Activation act, const View& y) = 0;
  virtual void activation_backward(const View& y, const View& dy, Activation act, const View& dx) = 0;
  virtual void add(const View& a, const View& b, const View& y) = 0;  ///< y may alias a or b

  virtual void global_average_pool(const View& x, const View& y) = 0;  ///< [n,h,w,c] → [n,1,1,c]
  virtual void global_average_pool_backward(const View& dy, const View& dx) = 0;

  /// Mean cross-entropy of softmax(logits [n, classes]) against labels in [0, classes); probabilities as logits.
  virtual double softmax_cross_entropy(const View& logits, std::span<const std::int32_t> labels,
                                       const View& probabilities) = 0;
  /// dlogits = (probabilities − one_hot(labels)) / n.
  virtual void softmax_cross_entropy_backward(const View& probabilities, std::span<const std::int32_t> labels,
                                              const View& dlogits) = 0;

  // Optimizers, elementwise over dense buffers of equal size.
  /// v = momentum·v + g + decay·w; w −= learning_rate·v.
  virtual void sgd_step(const View& w, const View& g, const View& velocity, double learning_rate, double momentum,
                        double weight_decay) = 0;
  /// Kingma and Ba's Adam in Keras' form: w −= lr·√(1−β2ᵗ)/(1−β1ᵗ) · m/(√v + ε).
  virtual void adam_step(const View& w, const View& g, const View& m, const View& v, const AdamStep& step) = 0;

  /// What a network sees: the pixels x of area_resize (area_resize.hpp: crop, mirror, out's size and channels) as
  /// (x − 128)/128, the same to the bit on every backend. images.size() == crops.size() == out.n.
  virtual void augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) = 0;

  // The inverted bottleneck as one operation. The defaults are composed of the operations above
  // (inverted_bottleneck.cpp); a backend may override them with fused kernels. Memory for what is saved and for scratch
  // comes from the arena; scratch is given back before returning.
  virtual void bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena,
                                   const View& y, BottleneckSaved& saved);
  /// `dx` absent: the gradient by the input is not wanted. dx may not alias dy. `saved` is from the forward pass.
  virtual void bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                                   const BottleneckSaved& saved, Arena& arena, const View& dx,
                                   const BottleneckGradients& gradients);
  /// Takes the folded block's memory from the arena.
  virtual FoldedBottleneck fold_bottleneck(const BottleneckWeights& weights, double epsilon, Arena& arena);
  virtual void bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y);
};

/// The product's CPU backend: SIMD (AVX-512, AVX2 or portable, the best the machine has), `threads` threads (0:
/// usable_cpus()). `instruction_set` forces one ("avx512", "avx2", "portable"); empty chooses.
std::unique_ptr<Backend> make_cpu_backend(int threads = 0, const std::string& instruction_set = "");

/// Scalar loops in double; element type f64 or f32 (then only stores round). For tests and `danas selftest`.
std::unique_ptr<Backend> make_reference_backend(Type real_type);

}  // namespace danas
