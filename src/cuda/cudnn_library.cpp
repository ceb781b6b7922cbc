#include "cuda/cudnn_library.hpp"

#include <dlfcn.h>

#include "base/error.hpp"

namespace danas::cuda {

namespace {

void* load(const std::vector<std::string>& names, std::string& why_not) {
  for (const std::string& name : names) {
    if (void* const library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    why_not += (why_not.empty() ? "" : "; ") + std::string(dlerror());
  }
  return nullptr;
}

}  // namespace

CudnnLibrary::CudnnLibrary(const std::vector<std::string>& names) {
  std::string why_not;
  void* const library = load(names, why_not);
  if (library == nullptr) throw Error("cuDNN", "no library: " + why_not, Fault::failure);
#define DANAS_CUDNN_FUNCTION(name)                                            \
  this->name = reinterpret_cast<decltype(this->name)>(dlsym(library, #name)); \
  if (this->name == nullptr) throw Error("cuDNN", "the library has no " #name, Fault::failure);
  DANAS_CUDNN_FUNCTIONS(DANAS_CUDNN_FUNCTION)
#undef DANAS_CUDNN_FUNCTION
}

void CudnnLibrary::check(cudnnStatus_t status, const char* what) const {
  if (status != CUDNN_STATUS_SUCCESS)
    throw Error("cuDNN", std::string(what) + ": " + cudnnGetErrorString(status), Fault::failure);
}

const CudnnLibrary& cudnn_library() {
  static const CudnnLibrary library({"libcudnn.so.9", "libcudnn.so.8"});
  return library;
}

std::string cudnn_version_text(std::size_t version) {
  const std::size_t major = version >= 90000 ? 10000 : 1000;  // cuDNN 9 has two digits more for its minor version
  return std::to_string(version / major) + '.' + std::to_string(version % major / 100) + '.' +
         std::to_string(version % 100);
}

bool cudnn_computes(std::size_t version, int major, int minor) {
  return version < 91100 || major > 7 || (major == 7 && minor >= 5);
}

}  // namespace danas::cuda
