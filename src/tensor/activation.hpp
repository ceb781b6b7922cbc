// Alone in a header without others: kernels of devices include it.
#pragma once

namespace danas {

enum class Activation : unsigned char { none, relu, relu6, sigmoid };

}  // namespace danas
