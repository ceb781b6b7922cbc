// How far the network of a model file has come: the metadata "stage".
#pragma once

#include "base/names.hpp"

namespace danas {

enum class ModelStage {
  supernet,
  finetuned,  ///< a slice as the search evaluated it
  scratch,    ///< a stack as the search evaluated it
  final       ///< after final training, or as it was before one that diverged
};
template <>
inline constexpr std::array names<ModelStage>{"supernet", "finetuned", "scratch", "final"};

}  // namespace danas
