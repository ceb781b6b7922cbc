#include "nas/stack_space.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "nas/value_list.hpp"

namespace danas {

namespace {

constexpr double most_stacks = 1e12;  // so that they can be numbered, with all data configurations

std::int64_t count(std::size_t size) { return static_cast<std::int64_t>(size); }

}  // namespace

StackSpace::StackSpace(StackChoices choices, StackFaults faults)
    : choices_{sorted_set(std::move(choices.filters), "filters"), sorted_set(std::move(choices.kernel), "kernel"),
               sorted_set(std::move(choices.activation), "activation"), choices.layers},
      faults_(faults) {
  if (std::pow(static_cast<double>(kinds()), choices_.layers) > most_stacks)
    throw expected("search space, layers", "at most a trillion stacks",
                   std::to_string(choices_.layers) + " layers of " + std::to_string(kinds()) + " kinds");
}

std::int64_t StackSpace::kinds() const {
  return count(choices_.filters.size()) * count(choices_.kernel.size()) * count(choices_.activation.size());
}

StackedConvolution StackSpace::kind(std::int64_t index) const {
  const std::int64_t kernels = count(choices_.kernel.size()), activations = count(choices_.activation.size());
  return {choices_.filters[static_cast<std::size_t>(index / activations / kernels)],
          choices_.kernel[static_cast<std::size_t>(index / activations % kernels)],
          choices_.activation[static_cast<std::size_t>(index % activations)]};
}

// Stacks of one convolution first, then those of two, …
std::int64_t StackSpace::size() const {
  std::int64_t size = 0, stacks = 1;
  for (int layers = 0; layers < choices_.layers; ++layers) size += stacks *= kinds();
  return size;
}

Architecture StackSpace::at(std::int64_t index) const {
  std::int64_t stacks = kinds();
  std::size_t layers = 1;
  for (; index >= stacks; ++layers) {
    index -= stacks;
    stacks *= kinds();
  }
  Stack stack;
  for (; stack.convolutions.size() < layers; index /= kinds()) stack.convolutions.push_back(kind(index % kinds()));
  return stack;
}

std::int64_t StackSpace::index(const Architecture& architecture) const {
  if (architecture.is_slice()) return -1;
  const auto& convolutions = architecture.stack().convolutions;
  if (convolutions.empty() || count(convolutions.size()) > choices_.layers) return -1;
  std::int64_t index = 0, stacks = 1;
  for (const StackedConvolution& each : convolutions) {
    const std::int64_t filters = position(choices_.filters, each.filters),
                       kernel = position(choices_.kernel, each.kernel),
                       activation = position(choices_.activation, each.activation);
    if (filters < 0 || kernel < 0 || activation < 0) return -1;
    const std::int64_t kind =
        (filters * count(choices_.kernel.size()) + kernel) * count(choices_.activation.size()) + activation;
    index += (kind + 1) * stacks;  // + 1: all stacks of fewer convolutions stand before
    stacks *= kinds();
  }
  return index - 1;
}

StackedConvolution StackSpace::any(Random& random) const {
  return kind(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(kinds()))));
}

void StackSpace::redraw(Architecture& architecture, Random& random) const {
  const std::uint64_t layers =
      faults_.begin_with_one_layer ? 1 : 1 + random.below(static_cast<std::uint64_t>(choices_.layers));
  Stack stack;
  while (stack.convolutions.size() < layers) stack.convolutions.push_back(any(random));
  architecture = std::move(stack);
}

// A parameter that has one value alone is drawn again as another one.
void StackSpace::mutate_parameter(StackedConvolution& convolution, Random& random) const {
  const StackedConvolution before = convolution;
  const auto move = [&](const auto& values, auto& value) {
    if (values.size() > 1) value = neighbor(values, value, random);
  };
  do {
    switch (random.below(3)) {
      case 0: move(choices_.filters, convolution.filters); break;
      case 1: move(choices_.kernel, convolution.kernel); break;
      default: move(choices_.activation, convolution.activation);
    }
  } while (convolution == before);
}

bool StackSpace::mutate(Architecture& architecture, double move, Random& random) const {
  Stack stack = architecture.stack();
  auto& convolutions = stack.convolutions;
  if (move < 0.8 || faults_.keep_layer_count) {
    if (kinds() == 1) return false;
    mutate_parameter(convolutions[random.below(convolutions.size())], random);
  } else if (move < 0.9) {
    if (count(convolutions.size()) == choices_.layers) return false;
    convolutions.push_back(any(random));
  } else {
    if (convolutions.size() == 1) return false;
    convolutions.pop_back();
  }
  architecture = std::move(stack);
  return true;
}

Architecture StackSpace::cross(const Architecture& a, const Architecture& b, Random& random) const {
  const bool a_is_longer = a.stack().convolutions.size() > b.stack().convolutions.size();
  const auto& longer = (a_is_longer ? a : b).stack().convolutions;
  const auto& shorter = (a_is_longer ? b : a).stack().convolutions;
  const std::size_t layers = shorter.size() + random.below(longer.size() - shorter.size() + 1);
  Stack child;
  for (std::size_t i = 0; i < layers; ++i)
    child.convolutions.push_back(i < shorter.size() && random.below(2) == 0 ? shorter[i] : longer[i]);
  return child;
}

}  // namespace danas
