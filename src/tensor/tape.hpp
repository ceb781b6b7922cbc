// Tape: reverse-mode differentiation as a vector of records walked backward. Activations and their gradients live in
// an arena; begin() starts a new step without giving memory back to the system. backward() gives the memory of a record
// back once nothing is left that reads it.
#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "tensor/arena.hpp"
#include "tensor/backend.hpp"

namespace danas {

/// A filter or vector with the place of its gradient; an absent gradient is not computed. A parameter may be used once
/// on a tape: its gradient is overwritten, not accumulated.
// clang-format off
struct FilterParameter { Filter value, gradient; };
struct VectorParameter { View value, gradient; };
struct BatchNormParameter { BatchNormWeights value; BatchNormGradients gradient; };
struct BottleneckParameter { BottleneckWeights value; BottleneckGradients gradient; };
// clang-format on

/// Mean cross-entropy of a batch. All but labels and sums may be absent; they must outlive the step.
struct CrossEntropy {
  View labels, sums;     ///< as of Backend::softmax_cross_entropy
  View scale{};          ///< LossScale::factor, by which gradients are larger
  View targets{};        ///< probabilities [n,1,1,classes] that are learned instead of the labels
  View probabilities{};  ///< [n,1,1,classes], where those of the logits are kept
};

class Tape {
 public:
  /// A node: an activation and, after backward(), its gradient.
  struct Value {
    std::int32_t id = -1;
  };

  Tape(Backend& backend, Arena& arena, double batch_norm_epsilon = 1e-3);

  /// Forgets all records and resets the arena, from which nobody else takes until backward() is done.
  void begin();

  Value input(const View& x, bool wants_gradient = false);  ///< x must outlive the step
  Value convolution(Value x, const FilterParameter& w, const Geometry& geometry, const VectorParameter& bias = {});
  Value depthwise(Value x, const FilterParameter& w, const Geometry& geometry, const VectorParameter& bias = {});
  Value matmul(Value x, const FilterParameter& w);
  Value dense(Value x, const FilterParameter& w, const VectorParameter& bias);
  Value batch_norm(Value x, const BatchNormParameter& parameter, Activation act);  ///< training mode
  Value normalized_convolution(Value x, const FilterParameter& w, const Geometry& geometry,
                               const BatchNormParameter& parameter, Activation act);
  Value activation(Value x, Activation act);
  Value add(Value a, Value b);
  Value global_average_pool(Value x);
  Value flatten(Value x);  ///< [n,h,w,c] → [n,1,1,h·w·c]
  Value bottleneck(Value x, const BottleneckParameter& parameter);
  Value stop_gradient(Value x);  ///< same activation, nothing flows back

  /// A tape may hold several losses, backward() adds their gradients.
  void softmax_cross_entropy(Value logits, const CrossEntropy& loss);

  /// Every parameter's gradient is overwritten, with zeros where no loss depends on it. Activations, normalizations and the
  /// gradients of what is no input are forgotten on the way.
  void backward();

  const View& view(Value value) const;      ///< until backward()
  const View& gradient(Value input) const;  ///< absent before backward() or where nothing flowed

  /// Until backward(): batch statistics of this step with the weights they belong to, in forward order: for running
  /// statistics and exact recalibration.
  struct Normalization {
    BatchNormWeights weights;
    BatchNormStatistics statistics;
    std::int64_t rows;
  };
  std::span<const Normalization> normalizations() const { return normalizations_; }

 private:
  struct Node {
    View value, gradient;
    bool wants_gradient = false;
    std::size_t records = 0;           ///< up to the one that makes it; none for an input
    Arena::End end = Arena::End::low;  ///< where the gradient lies,
    Arena::Mark mark;                  ///< and what is taken there with it
  };
  // Aligned by hand: a record a line.
  // clang-format off
  struct ConvolutionRecord { Value x, y; FilterParameter w; Geometry geometry; VectorParameter bias; };
  struct DepthwiseRecord { Value x, y; FilterParameter w; Geometry geometry; VectorParameter bias; };
  struct MatmulRecord { Value x, y; FilterParameter w; VectorParameter bias; };
  struct BatchNormRecord { Value x, y; BatchNormParameter parameter; BatchNormStatistics statistics; Activation act; };
  struct NormalizedConvolutionRecord {
    Value x, y;
    FilterParameter w;
    Geometry geometry;
    BatchNormParameter parameter;
    Activation act;
    ConvolutionSaved saved;
  };
  struct ActivationRecord { Value x, y; Activation act; };
  struct AddRecord { Value a, b, y; };
  struct PoolRecord { Value x, y; };
  struct FlattenRecord { Value x, y; };
  struct BottleneckRecord { Value x, y; BottleneckParameter parameter; BottleneckSaved saved; };
  struct LossRecord { Value logits; View probabilities, targets, scale; };
  // clang-format on
  using Record =
      std::variant<ConvolutionRecord, DepthwiseRecord, MatmulRecord, BatchNormRecord, NormalizedConvolutionRecord,
                   ActivationRecord, AddRecord, PoolRecord, FlattenRecord, BottleneckRecord, LossRecord>;

  Value push(const View& view, bool wants_gradient);  ///< of the record that is added next
  template <class Made>
  void add_record(const Made& record) {
    records_.emplace_back(record);
    ends_.push_back(arena_.mark());
  }
  const Node& node(Value value) const { return nodes_[static_cast<std::size_t>(value.id)]; }
  Node& node(Value value) { return nodes_[static_cast<std::size_t>(value.id)]; }
  bool wants(Value value) const { return node(value).wants_gradient; }
  void note(const BatchNormWeights& weights, const BatchNormStatistics& statistics, std::int64_t rows);

  /// Where gradients lie that are computed from that of y: at the other end of the arena, so that this can be given back.
  Arena::End end_from(Value y) const { return node(y).end == Arena::End::low ? Arena::End::high : Arena::End::low; }
  /// Adds what compute(view) writes to the gradient of `to`.
  template <class Compute>
  void flow(Arena::End end, Value to, Compute&& compute);
  void flow_same(Value from, Value to);        ///< adds the gradient of `from`, by reference where it is the first
  void give_back(std::size_t record);          ///< all that this record and later ones alone have read
  void overwrite(const View& gradient) const;  ///< zeros, where present: nothing flowed
  void overwrite(const Filter& gradient) const;
  void overwrite(const BatchNormGradients& gradient) const;

  void back(const ConvolutionRecord& record);
  void back(const DepthwiseRecord& record);
  void back(const MatmulRecord& record);
  void back(const BatchNormRecord& record);
  void back(const NormalizedConvolutionRecord& record);
  void back(const ActivationRecord& record);
  void back(const AddRecord& record);
  void back(const PoolRecord& record);
  void back(const FlattenRecord& record);
  void back(const BottleneckRecord& record);
  void back(const LossRecord& record);

  Backend& backend_;
  Arena& arena_;
  double epsilon_;
  std::vector<Node> nodes_;
  std::vector<Record> records_;
  std::vector<Arena::Mark> ends_;  ///< what the arena held of activations after each of the records
  std::vector<Normalization> normalizations_;
};

}  // namespace danas
