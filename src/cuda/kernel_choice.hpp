// Whose kernels compute convolutions on a GPU, and what was chosen by measuring.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/names.hpp"

namespace danas {

/// danas' own; cuDNN's, where it has one; by shape the faster of the two.
enum class Kernels { own, cudnn, best };
template <>
inline constexpr std::array names<Kernels>{"own", "cudnn", "best"};

/// Which of the two does each convolution, by operation and shape, from when it was measured on: another measurement may
/// come out otherwise, and would give other sums. Shared by the backends of a run, whichever thread they are on.
class KernelChoices {
 public:
  /// Keeps them in that file, a row as each is made, on the disk before it is used; called before any is made. A run that
  /// is `resumed` goes on with those in the file: throws Error where there is none, and where it is damaged.
  void keep_in(const std::filesystem::path& file, bool resumed);

  /// `convolution` names the operation and its shape: "depthwise f32 16x112x112x96 …". Own or cudnn.
  std::optional<Kernels> find(const std::string& convolution) const;
  /// The faster, by seconds: what counts from now on is what was put first.
  Kernels put(const std::string& convolution, double own, double cudnn);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Kernels> choices_;
  std::filesystem::path file_;  ///< or empty
};

}  // namespace danas
