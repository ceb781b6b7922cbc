// Every operation of the engine, forward and backward. A Backend knows views, nothing of tensors, tape or networks.
//
// Rules for all operations:
//  - Activations are dense NHWC (View); filters may have leading dimensions (Filter). Activations, their gradients and
//    the filters that they meet have the backend's activation type; vectors (biases, γ, β, statistics), all gradients of
//    weights, optimizers' operands and probabilities have its weight type, except where said. Shapes are the caller's
//    duty; a mismatch throws Error.
//  - Outputs are overwritten whole; nothing else is touched (never the gaps of a filter with leading dimensions).
//    Outputs may not overlap inputs except where "may alias" is said.
//  - Backward functions return the gradients of the loss by the named operand; they overwrite, they never accumulate.
//  - Results depend on shapes and values only, bit for bit: not on threads, addresses or leading dimensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "tensor/activation.hpp"
#include "tensor/view.hpp"

namespace danas {

class Arena;
class BatchFeed;

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

/// Of the rows of several batches, on the way: f64, zeros before the first.
struct PooledMoments { View mean, squares, rows; };  ///< [channels], Σ (x − mean)² [channels], the number of rows [1]

/// One inverted bottleneck of MobileNetV2 (Sandler et al., 2018). `expand` is absent where the expansion is 1.
struct BottleneckWeights {
  Filter expand;      BatchNormWeights bn1;  ///< 1×1, in → expanded; ReLU6 after bn1
  Filter depthwise;   BatchNormWeights bn2;  ///< 3×3, stride; ReLU6 after bn2
  Filter project;     BatchNormWeights bn3;  ///< 1×1, expanded → out; linear
  int stride = 1;
  bool residual = false;                     ///< adds the block's input to its output
  int expand_stride = 1;                     ///< of an `expand` of k×k: for inference alone, a network's first convolution
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
  View affine1, affine2, affine3;            ///< what bn1 … bn3 come to (normalized_on_load.hpp)
};
/// The same of a convolution with its normalization. Windows are what an output pixel sees of the input, padding included:
/// their mean [h·w·in] and covariance by pairs, in the order of the filter's rows.
struct ConvolutionSaved {
  View convolved;
  View window_mean, window_covariance;
  BatchNormStatistics statistics;
  View affine;                               ///< what they come to (normalized_on_load.hpp)
};
/// Batch normalization folded into filters and biases, for inference (Backend::fold_bottleneck). Where `packed` is present,
/// it holds the filters as the backend wants them; they themselves have their extents, but may not be read.
struct FoldedBottleneck {
  Filter expand;      View bias1;
  Filter depthwise;   View bias2;
  Filter project;     View bias3;
  int stride = 1;
  bool residual = false;
  int expand_stride = 1;
  View packed;                               ///< or absent
};
// clang-format on
/// The same of a 1×1 convolution whose output is averaged over the map (Backend::fold_features).
struct FoldedFeatures {
  Filter filter;
  View bias;
  Activation activation = Activation::none;
  View packed;  ///< or absent
};

/// What a pass of evaluation comes to, in f64.
struct PredictionCounts {
  View confusion;  ///< [classes, 1, 1, classes]: rows by label and prediction
  View loss;       ///< 1: the sum of the rows' cross-entropies
};

/// Learning rates of some steps and which of them is next, in the backend's memory: nothing that changes from step to step
/// is an argument of an operation.
struct StepRates {
  View table;    ///< f64, [steps, 1, 1, 2]: the learning rate, and that with Adam's corrections of bias
  View counter;  ///< i32, 1: the row of the step at hand
  View skip{};   ///< i32, 1: where it is not zero, the step changes nothing; or absent: never
};

/// Dynamic loss scale (Micikevicius et al., 2018), for gradients that 16 bits would lose: powers of two, in the backend's
/// memory.
struct LossScale {
  static constexpr double first = 32768, most = 0x1p40, least = 1;
  static constexpr int doubled_after = 2000;  ///< steps in a row whose gradients were finite

  View factor;  ///< of the weight type, 2: what the loss is multiplied with, and how many such steps are behind
  View skip;    ///< i32, 1: whether the gradients at hand are not to be used
};

struct AdamSettings {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7;
  double weight_decay = 0;
  bool decoupled = false;  ///< AdamW (Loshchilov and Hutter, 2019): w −= lr·decay·w; else decay·w is added to g

  /// lr·√(1−β2ᵗ)/(1−β1ᵗ); t is 1 at the first update.
  double corrected(double learning_rate, std::int64_t t) const;
};

/// Work that was told once, to be done any number of times.
class Program {
 public:
  virtual ~Program() = default;
  virtual void run() = 0;
};

/// How a backend's inverted bottlenecks and normalized convolutions take memory: as the operations that they are made of, in
/// planes as the CPU's (bottleneck_shape.hpp, normalized_convolution.hpp), or as where what is read is normalized on the way
/// (normalized_on_load.hpp).
enum class Fusion : std::uint8_t { none, planes, on_load };

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string name() const = 0;             ///< "cpu avx512, 2 threads", "reference f64", …
  virtual std::string instruction_set() const = 0;  ///< "avx512", "avx2", "neon", "portable", "reference"
  virtual Type weight_type() const = 0;             ///< element type of weights: f32, or f64 of a reference
  virtual Type activation_type() const { return weight_type(); }  ///< of activations: f16 or bf16 too
  virtual int threads() const = 0;
  /// Another queue of work on the same device and its memory, with so many threads; used by one thread at a time, as this is.
  virtual std::unique_ptr<Backend> lane(int threads) const = 0;
  virtual Fusion fusion() const { return Fusion::none; }

  // Memory, aligned to 64 bytes. It belongs to the backend's device: nobody but the backend reads or writes it, others
  // move numbers with the functions below.
  virtual void* allocate(std::size_t bytes) = 0;  ///< throws Error (Fault::failure) when there is none
  virtual void release(void* memory) noexcept = 0;
  virtual double usable_bytes() const = 0;  ///< about what allocate() can still give
  virtual bool host_memory() const = 0;     ///< whether it is the host's, whose memory the operations take too
  /// Numbers of the view's type, between the host's memory and this; done when the call returns.
  virtual void upload(const void* host, const View& to) = 0;
  virtual void download(const View& from, void* host) = 0;
  /// The first number that is not finite, of any but 8 bits, or none; done when the call returns. The default downloads all.
  virtual std::optional<double> first_not_finite(const View& x);
  virtual void copy(const View& from, const View& to) = 0;  ///< of one shape and type; no overlap
  virtual void copy(const Filter& from,
                    const Filter& to) = 0;       ///< of one shape and type; leading dimensions may differ
  virtual void clear(const View& view) = 0;      ///< zeros
  virtual void clear(const Filter& filter) = 0;  ///< zeros, but for the gaps

  /// What `body` tells this backend, as a program; nothing is done yet. Every run must tell the same of operands in the same
  /// places, and neither upload nor download: a device may capture it once and launch that. The default calls the body
  /// at every run.
  virtual std::unique_ptr<Program> record(std::function<void()> body);

  /// Batches into this backend's memory, of at most images.n images of that shape (its type is the backend's) and of
  /// `staged_bytes` of pixels. The default makes each when it is asked for; a device copies ahead of its steps.
  virtual std::unique_ptr<BatchFeed> feed(const View& images, std::size_t staged_bytes);

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
  /// Adds a batch of so many rows to the moments, in double (Chan, Golub, LeVeque, 1979).
  virtual void accumulate_moments(const BatchNormStatistics& batch, std::int64_t rows, const PooledMoments& pooled) = 0;
  /// The moments become the running mean and variance (divided by the number of rows).
  virtual void store_moments(const PooledMoments& pooled, const BatchNormWeights& weights) = 0;
  /// w·γ/√(variance + ε) by output channel and β − γ·mean/√(variance + ε); for depthwise filters too. `folded` is
  /// dense.
  virtual void fold_batch_norm(const Filter& w, const BatchNormWeights& weights, double epsilon, const Filter& folded,
                               const View& bias) = 0;

  // Elementwise. dx may alias dy, y may alias x.
  virtual void activation(const View& x, Activation act, const View& y) = 0;
  virtual void activation_backward(const View& y, const View& dy, Activation act, const View& dx) = 0;
  virtual void add(const View& a, const View& b, const View& y) = 0;          ///< y may alias a or b
  virtual void accumulate(const View& x, double share, const View& sum) = 0;  ///< sum += share·x: gradients of weights

  virtual void global_average_pool(const View& x, const View& y) = 0;  ///< [n,h,w,c] → [n,1,1,c]
  virtual void global_average_pool_backward(const View& dy, const View& dx) = 0;

  // Labels are i32, one for each row of the logits, in [0, classes): they index memory, and nobody checks them here.
  // The prediction is the class of the largest logit, the lowest where several are equal.
  /// Adds the mean cross-entropy of softmax(logits [n, classes]) against the labels, and the share of rows whose
  /// prediction is right, to `sums` (f64, 2); probabilities as logits.
  virtual void softmax_cross_entropy(const View& logits, const View& labels, const View& probabilities,
                                     const View& sums) = 0;
  /// dlogits = scale·(probabilities − targets) / n; the targets are labels, of which each is one where its class is and
  /// zero elsewhere, or probabilities; `scale` is the first of LossScale::factor, or absent: 1.
  virtual void softmax_cross_entropy_backward(const View& probabilities, const View& targets, const View& scale,
                                              const View& dlogits) = 0;
  /// Adds every row to the counts, the losses one after another: a pass has the same sums however it is cut.
  virtual void count_predictions(const View& logits, const View& labels, const PredictionCounts& counts) = 0;

  // Optimizers, elementwise over weights of one shape: a slice's, or all of a network as one row (filter_of).
  /// v = momentum·v + g + decay·w; w −= learning_rate·v.
  virtual void sgd_step(const Filter& w, const Filter& g, const Filter& velocity, const StepRates& rates,
                        double momentum, double weight_decay) = 0;
  /// Kingma and Ba's Adam in Keras' form: w −= corrected rate · m/(√v + ε).
  virtual void adam_step(const Filter& w, const Filter& g, const Filter& m, const Filter& v, const StepRates& rates,
                         const AdamSettings& adam) = 0;
  virtual void next_step(const View& counter) = 0;  ///< counter += 1
  /// g /= the scale, and whether to skip the step: where a gradient is not finite. Then the scale for the next step: half
  /// of it where this one is skipped, twice of it after LossScale::doubled_after good ones.
  virtual void unscale_gradients(const View& g, const LossScale& scale) = 0;
  /// Numbers of the weight type become such of the activation type; of one shape.
  virtual void cast(const View& from, const View& to) = 0;

  /// What a network sees: the pixels x of area_resize (area_resize.hpp: crop, mirror, out's size and channels) as
  /// (x − 128)/128, the same to the bit on every backend. images.size() == crops.size() == out.n; the
  /// images are in the host's memory.
  virtual void augment(std::span<const Image> images, std::span<const Crop> crops, const View& out) = 0;

  // The defaults of what follows are composed of the operations above (normalized_convolution.cpp, inverted_bottleneck.cpp,
  // features.cpp); a backend may override them with fused kernels. Memory for what is saved and for scratch
  // comes from the arena; scratch is given back before returning.

  /// A convolution, its batch normalization in training mode and its activation as one operation.
  virtual void normalized_convolution_training(const View& x, const Filter& w, const Geometry& geometry,
                                               const BatchNormWeights& weights, double epsilon, Activation act,
                                               Arena& arena, const View& y, ConvolutionSaved& saved);
  /// Gradients that are absent are not wanted. `y` and `saved` are from the forward pass.
  virtual void normalized_convolution_backward(const View& x, const View& y, const View& dy, const Filter& w,
                                               const Geometry& geometry, const BatchNormWeights& weights,
                                               double epsilon, Activation act, const ConvolutionSaved& saved,
                                               Arena& arena, const View& dx, const Filter& dw,
                                               const BatchNormGradients& gradients);

  // The inverted bottleneck as one operation.
  virtual void bottleneck_training(const View& x, const BottleneckWeights& weights, double epsilon, Arena& arena,
                                   const View& y, BottleneckSaved& saved);
  /// `dx` absent: the gradient by the input is not wanted. dx may not alias dy. `saved` is from the forward pass.
  virtual void bottleneck_backward(const View& x, const View& dy, const BottleneckWeights& weights, double epsilon,
                                   const BottleneckSaved& saved, Arena& arena, const View& dx,
                                   const BottleneckGradients& gradients);
  /// Takes the folded block's memory from the arena.
  virtual FoldedBottleneck fold_bottleneck(const BottleneckWeights& weights, double epsilon, Arena& arena);
  virtual void bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y);

  // What a network knows of an image as a whole: a 1×1 convolution, its activation and the mean over the map, as one.
  /// Takes the folded convolution's memory from the arena.
  virtual FoldedFeatures fold_features(const Filter& w, const BatchNormWeights& weights, double epsilon, Activation act,
                                       Arena& arena);
  virtual void features_inference(const View& x, const FoldedFeatures& features, Arena& arena,
                                  const View& y);  ///< [n,h,w,in] → [n,1,1,out]
};

/// The product's CPU backend: SIMD (AVX-512, AVX2, NEON or portable, the best the machine has), `threads` threads (0:
/// usable_cpus()). `instruction_set` forces one ("avx512", "avx2", "neon", "portable"); empty chooses.
std::unique_ptr<Backend> make_cpu_backend(int threads = 0, const std::string& instruction_set = "");

/// Scalar loops in double; activations are f64, f32, f16 or bf16, weights f64 or f32: only stores round. For tests and
/// `danas selftest`.
std::unique_ptr<Backend> make_reference_backend(Type activation_type);

}  // namespace danas
