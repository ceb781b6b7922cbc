#include "nn/architecture.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"

namespace danas {

namespace {

constexpr int most_filters = 1024, most_kernel = 15;
constexpr std::size_t most_convolutions = 16;

// Empty where the network is feasible, else what is wrong with it.
std::string complaint_of(const Slice& slice) {
  bool ended = false;
  for (std::size_t i = 0; i < full_depth.size(); ++i) {
    const int depth = slice.depth[i];
    const std::string stage = std::to_string(first_optional_stage + static_cast<int>(i));
    if (depth < 0 || depth > full_depth[i]) {
      return "stage " + stage + " has 0 to " + std::to_string(full_depth[i]) + " blocks";
    }
    if (ended && depth > 0) return "stage " + stage + " stands after a removed stage";
    ended = ended || depth == 0;
  }
  if (!(slice.width > 0 && slice.width <= 1)) return "the width lies above 0 and at most at 1";
  return {};
}

std::string complaint_of(const Stack& stack) {
  const auto& convolutions = stack.convolutions;
  if (convolutions.empty() || convolutions.size() > most_convolutions)
    return "a stack has 1 to " + std::to_string(most_convolutions) + " convolutions";
  for (const StackedConvolution& each : convolutions) {
    if (each.filters < 1 || each.filters > most_filters)
      return "a convolution has 1 to " + std::to_string(most_filters) + " filters";
    if (each.kernel < 1 || each.kernel > most_kernel)
      return "a kernel has a side of 1 to " + std::to_string(most_kernel);
  }
  return {};
}

std::string width_text(double width) {
  std::array<char, 32> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), width, std::chars_format::fixed);
  std::string text(digits.data(), result.ptr);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  return result.append(text).append("\"");
}

// Takes a number off the front of the text; false where there is none.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
  return true;
}

bool take_letter(std::string_view& text, char letter) {
  if (text.empty() || text.front() != letter) return false;
  text.remove_prefix(1);
  return true;
}

bool take_depth(std::string_view& text, std::array<int, 5>& depth) {
  for (std::size_t i = 0; i < depth.size(); ++i)
    if ((i > 0 && !take_letter(text, '-')) || !take_number(text, depth[i])) return false;
  return true;
}

bool take_slice(std::string_view text, Architecture& architecture) {
  Slice slice;
  if (!take_depth(text, slice.depth) || !take_letter(text, ',') || !take_number(text, slice.width)) return false;
  architecture = slice;
  return text.empty();
}

char letter_of(StackActivation activation) { return name_of(activation)[0]; }

bool take_convolution(std::string_view& text, StackedConvolution& convolution) {
  if (!take_number(text, convolution.filters) || !take_letter(text, 'x') || !take_number(text, convolution.kernel))
    return false;
  for (const StackActivation activation : {StackActivation::relu, StackActivation::sigmoid}) {
    convolution.activation = activation;
    if (take_letter(text, letter_of(activation))) return true;
  }
  return false;
}

bool take_stack(std::string_view text, Architecture& architecture) {
  Stack stack;
  do {
    if (!take_convolution(text, stack.convolutions.emplace_back())) return false;
  } while (take_letter(text, '-'));
  architecture = std::move(stack);
  return text.empty();
}

}  // namespace

std::string depth_text(const std::array<int, 5>& depth) {
  std::string text;
  for (const int blocks : depth) text.append(text.empty() ? "" : "-").append(std::to_string(blocks));
  return text;
}

std::array<int, 5> parse_depth(std::string_view text) {
  std::array<int, 5> depth{};
  std::string_view rest = text;
  if (!take_depth(rest, depth) || !rest.empty() || depth_text(depth) != text ||
      !complaint_of(Slice{depth, 1.0}).empty())
    throw expected("depths", "a text such as \"3-4-3-3-1\"", quoted(text.substr(0, 80)));
  return depth;
}

std::string Slice::text() const { return depth_text(depth) + " " + width_text(width); }

std::string Stack::text() const {
  std::string text;
  for (const StackedConvolution& each : convolutions) {
    text.append(text.empty() ? "" : "-").append(std::to_string(each.filters)).append("x");
    text.append(std::to_string(each.kernel)).push_back(letter_of(each.activation));
  }
  return text;
}

const Slice& Architecture::slice() const {
  if (const auto* slice = std::get_if<Slice>(&network_)) return *slice;
  throw expected("architecture", "a slice of MobileNetV2", "the stack of layers " + text());
}

const Stack& Architecture::stack() const {
  if (const auto* stack = std::get_if<Stack>(&network_)) return *stack;
  throw expected("architecture", "a stack of layers", "the slice of MobileNetV2 " + text());
}

std::string Architecture::text() const {
  return std::visit([](const auto& network) { return network.text(); }, network_);
}

std::string Architecture::complaint() const {
  return std::visit([](const auto& network) { return complaint_of(network); }, network_);
}

bool read_architecture(std::string_view text, Architecture& architecture) {
  return take_slice(text, architecture) || take_stack(text, architecture);
}

void check_feasible(const Architecture& architecture) {
  if (const std::string problem = architecture.complaint(); !problem.empty())
    throw Error("architecture " + architecture.text(), problem);
}

}  // namespace danas
