#include "cuda/cudnn_operations.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/stopwatch.hpp"
#include "cuda/filter_layout.cuh"
#include "cuda/launch.hpp"

namespace danas::cuda {

template <class Element>
CudnnOperations<Element>::CudnnOperations(int device, bool graphs, Kernels kernels,
                                          std::shared_ptr<KernelChoices> choices)
    : Own(device, graphs), kernels_(kernels), choices_(std::move(choices)), queue_(cudnn_library(), this->stream()),
      scratch_(allocate_device(scratch_bytes)) {
  if (!choices_) choices_ = std::make_shared<KernelChoices>();
}

template <class Element>
std::string CudnnOperations<Element>::kernels_text() const {
  return (kernels_ == Kernels::best ? ", best of own and cuDNN " : ", cuDNN ") +
         cudnn_version_text(queue_.library().cudnnGetVersion());
}

template <class Element>
std::string CudnnOperations<Element>::name() const {
  return Own::name() + kernels_text();
}

template <class Element>
std::string CudnnOperations<Element>::instruction_set() const {
  return Own::instruction_set() + kernels_text();
}

template <class Element>
std::unique_ptr<Backend> CudnnOperations<Element>::lane(int) const {
  return std::make_unique<CudnnOperations>(this->device(), this->graphs(), kernels_, choices_);
}

template <class Element>
void CudnnOperations<Element>::run(const CudnnShape& shape, const Enqueue& own, const EnqueueCudnn& theirs) {
  auto found = decided_.find(shape);
  if (found == decided_.end() && this->capturing()) {
    undecided_.emplace_back([=, this] { run(shape, own, theirs); });
    return own();
  }
  if (found == decided_.end()) found = decided_.emplace(shape, decide(shape, own, theirs)).first;
  if (!found->second) own();
  else if (!theirs(*found->second)) throw Error("cuDNN", "refuses what it did before: " + shape.text(), Fault::failure);
}

// Operands may be overwritten: the program that was captured begins after this, and overwrites them too.
template <class Element>
bool CudnnOperations<Element>::settle(bool captured) {
  const std::vector<Enqueue> undecided = std::exchange(undecided_, {});
  if (undecided.empty() || !captured) return false;
  for (const Enqueue& each : undecided) each();
  this->synchronize();
  return true;
}

// The first run loads cuDNN's code, and may yet be refused.
template <class Element>
std::unique_ptr<CudnnConvolution> CudnnOperations<Element>::decide(const CudnnShape& shape, const Enqueue& own,
                                                                   const EnqueueCudnn& theirs) {
  if (shape.filter_bytes() > this->workspace_bytes) return nullptr;
  std::optional<Kernels> choice = kernels_;
  if (kernels_ == Kernels::best) choice = choices_->find(shape.text());
  if (choice == Kernels::own) return nullptr;
  std::unique_ptr<CudnnConvolution> plan = CudnnConvolution::plan(queue_, shape, scratch_bytes);
  if (!plan || !theirs(*plan)) return nullptr;
  if (!choice) {
    double best_own = measured_seconds(own), best_theirs = measured_seconds([&] { theirs(*plan); });
    best_own = std::min(best_own, measured_seconds(own));
    best_theirs = std::min(best_theirs, measured_seconds([&] { theirs(*plan); }));
    choice = choices_->put(shape.text(), best_own, best_theirs);
  }
  return choice == Kernels::cudnn ? std::move(plan) : nullptr;
}

// As it is done in a step: in a graph, one after another.
template <class Element>
double CudnnOperations<Element>::measured_seconds(const Enqueue& work) {
  constexpr int times = 3;
  const std::unique_ptr<Program> program = this->record([&] {
    for (int i = 0; i < times; ++i) work();
  });
  program->run();
  this->synchronize();
  const Stopwatch stopwatch;
  program->run();
  this->synchronize();
  return stopwatch.seconds() / times;
}

template <class Element>
const Element* CudnnOperations<Element>::packed(const Filter& w) {
  auto* const to = this->template workspace<Element>();
  const auto number = [](std::int64_t value) { return count_of("cuDNN", value); };
  launch_each("pack_filter", w.size(), this->stream(),
              PackFilter<Element>{weights_of<Element>(w), to, number(w.h * w.w), number(w.in), number(w.out)});
  return to;
}

template <class Element>
void CudnnOperations<Element>::forward(bool depthwise, const View& x, const Filter& w, const Geometry& geometry,
                                       const View& bias, Activation act, const View& y, const Enqueue& own) {
  const bool finish = bias.present() || act != Activation::none;
  if (finish && Own::type != Type::f32) return own();
  run(CudnnShape(Pass::forward, depthwise, finish, x, w, geometry, y), own, [=, this](const CudnnConvolution& cudnn) {
    if (!cudnn.run(x.data, packed(w), y.data, scratch_.get())) return false;
    const int columns = columns_of<Element>(y);
    if (finish)
      launch_each("finish", y.rows() * columns, this->stream(),
                  Finish<Element>{rows_of<Element>(y), bias.as<const float>(), act, count_of("cuDNN", y.c), columns});
    return true;
  });
}

template <class Element>
void CudnnOperations<Element>::backward_input(bool depthwise, const View& dy, const Filter& w, const Geometry& geometry,
                                              const View& dx, const Enqueue& own) {
  run(CudnnShape(Pass::input, depthwise, false, dx, w, geometry, dy), own,
      [=, this](const CudnnConvolution& cudnn) { return cudnn.run(packed(w), dy.data, dx.data, scratch_.get()); });
}

template <class Element>
void CudnnOperations<Element>::backward_filter(bool depthwise, const View& x, const View& dy, const Geometry& geometry,
                                               const Filter& dw, const Enqueue& own) {
  if (Own::type != Type::f32) return own();
  run(CudnnShape(Pass::filter, depthwise, false, x, dw, geometry, dy), own, [=, this](const CudnnConvolution& cudnn) {
    auto* const result = this->template workspace<float>();
    if (!cudnn.run(x.data, dy.data, result, scratch_.get())) return false;
    const auto number = [](std::int64_t value) { return count_of("cuDNN", value); };
    launch_each("unpack_filter", dw.size(), this->stream(),
                UnpackFilter{result, weights_of<float>(dw), number(dw.h * dw.w), number(dw.in), number(dw.out)});
    return true;
  });
}

template <class Element>
void CudnnOperations<Element>::convolution(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                                           Activation act, const View& y) {
  shapes::convolution("convolution", Own::type, x, w, geometry, y);
  shapes::optional_vector("convolution", Type::f32, bias, y.c);
  forward(false, x, w, geometry, bias, act, y, [=, this] { Own::convolution(x, w, geometry, bias, act, y); });
}

template <class Element>
void CudnnOperations<Element>::convolution_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                                          const View& dx) {
  shapes::convolution("convolution_backward_input", Own::type, dx, w, geometry, dy);
  backward_input(false, dy, w, geometry, dx, [=, this] { Own::convolution_backward_input(dy, w, geometry, dx); });
}

template <class Element>
void CudnnOperations<Element>::convolution_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                                           const Filter& dw) {
  shapes::convolution("convolution_backward_filter", Own::gradients, x, dw, geometry, dy);
  backward_filter(false, x, dy, geometry, dw, [=, this] { Own::convolution_backward_filter(x, dy, geometry, dw); });
}

template <class Element>
void CudnnOperations<Element>::depthwise(const View& x, const Filter& w, const Geometry& geometry, const View& bias,
                                         Activation act, const View& y) {
  shapes::depthwise("depthwise", Own::type, x, w, geometry, y);
  shapes::optional_vector("depthwise", Type::f32, bias, y.c);
  forward(true, x, w, geometry, bias, act, y, [=, this] { Own::depthwise(x, w, geometry, bias, act, y); });
}

template <class Element>
void CudnnOperations<Element>::depthwise_backward_input(const View& dy, const Filter& w, const Geometry& geometry,
                                                        const View& dx) {
  shapes::depthwise("depthwise_backward_input", Own::type, dx, w, geometry, dy);
  backward_input(true, dy, w, geometry, dx, [=, this] { Own::depthwise_backward_input(dy, w, geometry, dx); });
}

template <class Element>
void CudnnOperations<Element>::depthwise_backward_filter(const View& x, const View& dy, const Geometry& geometry,
                                                         const Filter& dw) {
  shapes::depthwise("depthwise_backward_filter", Own::gradients, x, dw, geometry, dy);
  backward_filter(true, x, dy, geometry, dw, [=, this] { Own::depthwise_backward_filter(x, dy, geometry, dw); });
}

template class CudnnOperations<float>;
template class CudnnOperations<__half>;
template class CudnnOperations<__nv_bfloat16>;

}  // namespace danas::cuda
