// The CUDA backend with convolutions by cuDNN where that is asked for and can be done; all else is CudaOperations'. What
// cuDNN does not do here, and own kernels do: shapes that it refuses or needs more than the fixed scratch memory for;
// padding that differs between the ends of an axis; of 16 bits gradients of filters, which danas keeps in f32, and
// convolutions with a bias or an activation, whose sum would be rounded before that is added. Slices are no exception: every
// filter is brought into cuDNN's order first, and leaves its gaps there.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "cuda/cuda.hpp"
#include "cuda/cuda_operations.hpp"
#include "cuda/cudnn_convolution.hpp"

namespace danas::cuda {

template <class Element>
class CudnnOperations : public CudaOperations<Element> {
 public:
  using Own = CudaOperations<Element>;

  /// `choices` are of the kernels `best`. Throws Error (Fault::failure) without a cuDNN for the device.
  CudnnOperations(int device, bool graphs, Kernels kernels, std::shared_ptr<KernelChoices> choices);
  ~CudnnOperations() override { this->finish(); }

  std::string name() const override;             ///< "cuda:0 NVIDIA H200, sm_90, cuDNN 9.19.0"
  std::string instruction_set() const override;  ///< "cuda sm_90, cuDNN 9.19.0": other kernels, other sums
  std::unique_ptr<Backend> lane(int) const override;
  /// Blocks are composed of what cuDNN does: own kernels that do more at once would leave nothing to it.
  Fusion fusion() const override { return Fusion::none; }

  void convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                   const View& y) override;
  void convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) override;
  void convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry, const Filter& dw) override;
  void depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias, Activation act,
                 const View& y) override;
  void depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry, const View& dx) override;
  void depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry, const Filter& dw) override;

 private:
  /// Enqueues an operation; by cuDNN: whether it did.
  using Enqueue = std::function<void()>;
  using EnqueueCudnn = std::function<bool(const CudnnConvolution&)>;
  static constexpr std::size_t scratch_bytes = 32 << 20;

  /// By whom the shape is done. Its first time decides that, and is never within a graph: where it is met in one that is
  /// captured, that graph is thrown away and told again once it is decided (settle()).
  void run(const CudnnShape& shape, const Enqueue& own, const EnqueueCudnn& theirs);
  bool settle(bool captured) override;
  std::unique_ptr<CudnnConvolution> decide(const CudnnShape& shape, const Enqueue& own, const EnqueueCudnn& theirs);
  double measured_seconds(const Enqueue& work);

  void forward(bool depthwise, const View& x, const Filter& w, const Geometry& geometry, const View& bias,
               Activation act, const View& y, const Enqueue& own);
  void backward_input(bool depthwise, const View& dy, const Filter& w, const Geometry& geometry, const View& dx,
                      const Enqueue& own);
  void backward_filter(bool depthwise, const View& x, const View& dy, const Geometry& geometry, const Filter& dw,
                       const Enqueue& own);
  /// The filter as cuDNN has it, in the workspace.
  const Element* packed(const Filter& w);
  std::string kernels_text() const;  ///< ", cuDNN 9.19.0"

  Kernels kernels_;
  std::shared_ptr<KernelChoices> choices_;
  CudnnQueue queue_;
  DeviceMemory scratch_;
  std::map<CudnnShape, std::unique_ptr<CudnnConvolution>> decided_;  ///< null: own kernels
  std::vector<Enqueue> undecided_;                                   ///< of the graph at hand
};

}  // namespace danas::cuda
