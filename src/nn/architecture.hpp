// What a search chooses: data configuration (data/configuration.hpp) and architecture, and their names in files and
// arguments. The layers that follow from them are those of system_layers.hpp.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "data/configuration.hpp"

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
  bool operator==(const Architecture&) const = default;

 private:
  std::variant<Slice, Stack> network_;
};

/// The name of a whole system: "96,monochrome,2-2-0-0-0,0.3", "6000,mel,32x3r-64x5s". parse_* accept exactly what *_text
/// gives; throw Error.
struct System {
  DataConfiguration data;
  Architecture architecture;

  std::string text() const;
  bool operator==(const System&) const = default;
};
/// Throw Error. A system has one name in files: parse_system takes only what text()
/// writes, read_system also another spelling of the width ("1", "0.50"), as people write it.
System parse_system(std::string_view text);
System read_system(std::string_view text);

/// Throws Error where there is no such network: depths too large, blocks after a removed stage, no filters, …
void check_feasible(const Architecture& architecture);

}  // namespace danas
