// The stacks of layers that the layer-based search may choose (nn/layer_stack.hpp), and its moves.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.hpp"
#include "nn/architecture.hpp"

namespace danas {

/// What a stack's convolutions may be, and how many there may be.
struct StackChoices {
  std::vector<int> filters{2, 4, 8, 16, 32, 64, 128};
  std::vector<int> kernel{3, 5};
  std::vector<StackActivation> activation{StackActivation::relu, StackActivation::sigmoid};
  int layers = 5;
};

/// Two faults of the published code.
struct StackFaults {
  bool begin_with_one_layer = false;  ///< only stacks of one convolution are drawn
  bool keep_layer_count = false;      ///< moves add and remove none
};

/// See SearchSpace for what architectures of every kind can do.
class StackSpace {
 public:
  explicit StackSpace(StackChoices choices, StackFaults faults = {});

  const StackChoices& choices() const { return choices_; }

  std::int64_t size() const;
  bool moves() const { return kinds() > 1 || (choices_.layers > 1 && !faults_.keep_layer_count); }
  Architecture at(std::int64_t index) const;
  std::int64_t index(const Architecture& architecture) const;
  /// Every number of convolutions is equally likely, and so is every convolution.
  void redraw(Architecture& architecture, Random& random) const;
  /// 40 % one parameter of one convolution, one step up or down, 10 % a convolution more at the end, 10 % the last one
  /// less.
  bool mutate(Architecture& architecture, double move, Random& random) const;
  /// As many convolutions as one of the two has, or a number between: each from one of them, those that one alone has from
  /// that.
  Architecture cross(const Architecture& a, const Architecture& b, Random& random) const;
  Architecture cross_genes(const Architecture& a, const Architecture& b, Random& random) const {
    return cross(a, b, random);
  }

 private:
  std::int64_t kinds() const;  ///< of convolutions
  StackedConvolution kind(std::int64_t index) const;
  StackedConvolution any(Random& random) const;
  void mutate_parameter(StackedConvolution& convolution, Random& random) const;

  StackChoices choices_;
  StackFaults faults_;
};

}  // namespace danas
