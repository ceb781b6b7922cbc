// What a network is made of, half of what a search chooses, and its names in files and arguments. The layers that follow are
// those of mobilenet_v2.hpp and layer_stack.hpp.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/names.hpp"

namespace danas {

std::string depth_text(const std::array<int, 5>& depth);  ///< "3-4-3-3-1"
std::array<int, 5> parse_depth(std::string_view text);    ///< what depth_text() gives; throws Error

/// Blocks in stages 3 to 7, of which a network may have fewer: those of MobileNetV2, the most that there can be.
inline constexpr std::array<int, 5> full_depth{3, 4, 3, 3, 1};
inline constexpr int first_optional_stage = 3;

/// Of MobileNetV2: blocks kept in stages 3 to 7 (at most full_depth; a stage of 0 ends the network) and the share of
/// channels.
struct Slice {
  std::array<int, 5> depth = full_depth;
  double width = 1.0;

  std::string text() const;  ///< "3-4-3-3-1 0.5"
  bool operator==(const Slice&) const = default;
};

enum class StackActivation { relu, sigmoid };
template <>
inline constexpr std::array names<StackActivation>{"relu", "sigmoid"};

/// A convolution of stride 1 without padding.
struct StackedConvolution {
  int filters = 1, kernel = 3;
  StackActivation activation = StackActivation::relu;

  bool operator==(const StackedConvolution&) const = default;
};

/// Convolutions, one after the other, then two dense layers (layer_stack.hpp).
struct Stack {
  std::vector<StackedConvolution> convolutions;

  std::string text() const;  ///< "32x3r-64x5s": 32 filters of 3×3 and ReLU, 64 of 5×5 and sigmoid
  bool operator==(const Stack&) const = default;
};

/// What the network is made of.
class Architecture {
 public:
  Architecture() = default;  ///< the whole of MobileNetV2
  Architecture(Slice slice) : network_(slice) {}
  Architecture(const std::array<int, 5>& depth, double width) : network_(Slice{depth, width}) {}
  Architecture(Stack stack) : network_(std::move(stack)) {}

  bool is_slice() const { return std::holds_alternative<Slice>(network_); }
  const Slice& slice() const;  ///< throws Error where it is a stack
  const Stack& stack() const;  ///< throws Error where it is a slice

  std::string text() const;  ///< in a field of a file: "3-4-3-3-1 0.5" or "32x3r-64x5s"
  /// Empty where it can be, else what is wrong: depths too large, blocks after a removed stage, no filters, …
  std::string complaint() const;
  bool operator==(const Architecture&) const = default;

 private:
  std::variant<Slice, Stack> network_;
};

/// Reads text() but with a comma for the space, as arguments have it; false where the text is none.
bool read_architecture(std::string_view text, Architecture& architecture);

/// Throws Error where the architecture has a complaint.
void check_feasible(const Architecture& architecture);

}  // namespace danas
