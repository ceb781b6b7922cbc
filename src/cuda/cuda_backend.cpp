// Memory, copies and programs.
#include <exception>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "cuda/cuda.hpp"
#include "cuda/cudnn_operations.hpp"
#include "cuda/elementwise.cuh"
#include "cuda/launch.hpp"
#include "cuda/reductions.hpp"
#include "tensor/shapes.hpp"

namespace danas::cuda {

int count_of(const char* name, std::int64_t count) {
  if (count > std::numeric_limits<int>::max())
    throw expected(name, "at most 2^31 - 1 rows", std::to_string(count), Fault::failure);
  return static_cast<int>(count);
}

CudaBackend::CudaBackend(int device, bool graphs) : device_(device), graphs_(graphs) {
  check(cudaSetDevice(device), "selecting the GPU");
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, device), "asking what the GPU is");
  model_ = properties.name;
  instruction_set_ = "cuda sm_" + std::to_string(10 * properties.major + properties.minor);
  stream_ = make_stream();
  workspace_ = allocate_device(workspace_bytes);
  // Fails here, not in the middle of a training, where this build has no code for the GPU.
  launch_each(CudaBackend::name().c_str(), 1, stream_.get(), ClearFilter<float>{{{workspace<float>(), 1, 1}, 1}, 1, 1});
  synchronize();
}

// What is under way still uses the memory that goes with this.
CudaBackend::~CudaBackend() { finish(); }

void CudaBackend::finish() noexcept {
  cudaSetDevice(device_);
  cudaStreamSynchronize(stream_.get());
}

std::string CudaBackend::name() const {
  const Type type = activation_type();
  return "cuda:" + std::to_string(device_) + " " + model_ + ", " + instruction_set_.substr(5) +
         (type == Type::f32 ? "" : std::string(", ") + name_of(type));
}

cudaStream_t CudaBackend::stream() const {
  check(cudaSetDevice(device_), "selecting the GPU");
  return stream_.get();
}

void CudaBackend::synchronize() const { check(cudaStreamSynchronize(stream_.get()), "waiting for the GPU"); }

void CudaBackend::finish_memory() const {
  if (!in_program_) synchronize();
}

double CudaBackend::usable_bytes() const {
  std::size_t free = 0, total = 0;
  check(cudaSetDevice(device_), "selecting the GPU");
  check(cudaMemGetInfo(&free, &total), "asking for the GPU's memory");
  return static_cast<double>(free);
}

void* CudaBackend::allocate(std::size_t bytes) {
  check(cudaSetDevice(device_), "selecting the GPU");
  return allocate_device(bytes).release();
}

void CudaBackend::release(void* memory) noexcept {
  cudaSetDevice(device_);
  cudaStreamSynchronize(stream_.get());
  DeviceMemory(static_cast<std::byte*>(memory)).reset();
}

void CudaBackend::upload(const void* host, const View& to) {
  check(cudaMemcpyAsync(to.data, host, to.bytes(), cudaMemcpyHostToDevice, stream()), "upload");
  synchronize();
}

void CudaBackend::download(const View& from, void* host) {
  check(cudaMemcpyAsync(host, from.data, from.bytes(), cudaMemcpyDeviceToHost, stream()), "download");
  synchronize();
}

std::optional<double> CudaBackend::first_not_finite(const View& x) {
  if (x.type != Type::f32) return Backend::first_not_finite(x);
  cudaStream_t queue = stream();
  synchronize();  // Thrust knows nothing of what an emulated stream still has to do
  const std::int64_t place =
      cuda::first_not_finite(x.as<const float>(), x.size(), queue, {workspace<std::byte>(), workspace_bytes});
  if (place == x.size()) return std::nullopt;
  float number = 0;
  download(vector_view(Type::f32, x.as<float>() + place, 1), &number);
  return number;
}

void CudaBackend::copy(const View& from, const View& to) {
  shapes::same("copy", from.type, to, from);
  check(cudaMemcpyAsync(to.data, from.data, from.bytes(), cudaMemcpyDeviceToDevice, stream()), "copy");
  finish_memory();
}

void CudaBackend::copy(const Filter& from, const Filter& to) {
  shapes::same("copy", from.type, to, from);
  const int in = count_of("copy", from.in), out = count_of("copy", from.out);
  const auto run = [&](auto weights) {
    using Element = decltype(weights);
    launch_each("copy", from.size(), stream(),
                CopyFilter<Element>{weights_of<Element>(from), weights_of<Element>(to), in, out});
  };
  if (from.type == Type::f32) run(float{});
  else run(__half{});  // or others of its size
  finish_memory();
}

void CudaBackend::clear(const View& view) {
  check(cudaMemsetAsync(view.data, 0, view.bytes(), stream()), "clear");
  finish_memory();
}

void CudaBackend::clear(const Filter& filter) {
  const int in = count_of("clear", filter.in), out = count_of("clear", filter.out);
  const auto run = [&](auto weights) {
    using Element = decltype(weights);
    launch_each("clear", filter.size(), stream(), ClearFilter<Element>{weights_of<Element>(filter), in, out});
  };
  if (filter.type == Type::f32) run(float{});
  else run(__half{});  // or others of its size
  finish_memory();
}

class CudaBackend::Recorded : public Program {
 public:
  Recorded(CudaBackend& backend, std::function<void()> body) : backend_(backend), body_(std::move(body)) {}
  ~Recorded() override {
    if (program_) cudaStreamSynchronize(backend_.stream_.get());  // it may be under way
  }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  void run() override {
    if (!backend_.graphs_) return tell();
    if (!program_) make_program();
    check(cudaGraphLaunch(program_.get(), backend_.stream()), "launching a program");
  }

 private:
  struct Within {  // also where the body throws
    explicit Within(bool& state) : state_(state), before_(std::exchange(state, true)) {}
    ~Within() { state_ = before_; }
    bool& state_;
    bool before_;
  };

  void tell() {
    const Within within(backend_.in_program_);
    body_();
  }

  Graph captured() {
    cudaStream_t stream = backend_.stream();
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "recording a program");
    std::exception_ptr failure;
    try {
      const Within within(backend_.capturing_);
      tell();
    } catch (...) {
      failure = std::current_exception();
    }
    cudaGraph_t recorded = nullptr;
    const cudaError_t status = cudaStreamEndCapture(stream, &recorded);
    Graph graph(recorded);
    if (status != cudaSuccess) cudaGetLastError();  // the next launch must not take it for its own
    if (failure || status != cudaSuccess) backend_.settle(false);
    if (failure) std::rethrow_exception(failure);
    check(status, "recording a program");
    return graph;
  }

  void make_program() {
    Graph graph = captured();
    while (backend_.settle(true)) graph = captured();
    cudaGraphExec_t program = nullptr;
    check(cudaGraphInstantiate(&program, graph.get(), 0), "making a program");
    program_.reset(program);
  }

  CudaBackend& backend_;
  std::function<void()> body_;
  GraphProgram program_;
};

std::unique_ptr<Program> CudaBackend::record(std::function<void()> body) {
  return std::make_unique<Recorded>(*this, std::move(body));
}

}  // namespace danas::cuda

namespace danas {

CudaDevices cuda_devices() {
  CudaDevices devices{.built = true, .count = 0, .why_none = {}};
  const cudaError_t status = cudaGetDeviceCount(&devices.count);
  if (status == cudaSuccess && devices.count > 0) return devices;
  cudaGetLastError();
  devices.count = 0;
  int driver = 0;
  cudaDriverGetVersion(&driver);
  if (driver == 0) devices.why_none = "no NVIDIA driver is installed";
  else if (status == cudaErrorInsufficientDriver)
    devices.why_none = "the NVIDIA driver is for " + cuda::version_text(driver) + ", this build for " +
                       cuda::version_text(CUDART_VERSION) + ": update the driver";
  else devices.why_none = cuda::text_of(status == cudaSuccess ? cudaErrorNoDevice : status);
  return devices;
}

namespace {

// Code for older GPUs, which newer ones may translate, has no bfloat16.
constexpr bool built_for_bf16() {
#ifdef __CUDA_ARCH_LIST__
  for (const int arch : {__CUDA_ARCH_LIST__})
    if (arch >= 800) return true;
  return false;
#else
  return true;
#endif
}

}  // namespace

bool cuda_computes(int device, Type activations) {
  cudaDeviceProp properties;
  cuda::check(cudaGetDeviceProperties(&properties, device), "asking what the GPU is");
  return activations != Type::bf16 || (properties.major >= 8 && built_for_bf16());
}

namespace {

template <class Element>
std::unique_ptr<Backend> make_operations(int device, const CudaSettings& settings) {
  if (settings.kernels == Kernels::own) return std::make_unique<cuda::CudaOperations<Element>>(device, settings.graphs);
  return std::make_unique<cuda::CudnnOperations<Element>>(device, settings.graphs, settings.kernels, settings.choices);
}

}  // namespace

CudnnFound find_cudnn(int device) {
  std::string version;
  try {
    const cuda::CudnnLibrary& library = cuda::cudnn_library();
    version = cuda::cudnn_version_text(library.cudnnGetVersion());
    cudaDeviceProp properties;
    cuda::check(cudaGetDeviceProperties(&properties, device), "asking what the GPU is");
    if (!cuda::cudnn_computes(library.cudnnGetVersion(), properties.major, properties.minor))
      return {"", "cuDNN " + version + " has no kernels for a GPU before sm_75, 9.10 is the last one that has"};
    cuda::check(cudaSetDevice(device), "selecting the GPU");
    const cuda::CudnnQueue queue(library, nullptr);
  } catch (const Error& error) {
    return {"", error.what()};
  }
  return {version, ""};
}

std::unique_ptr<Backend> make_cuda_backend(int device, Type activations, const CudaSettings& settings) {
  const CudaDevices devices = cuda_devices();
  if (devices.count == 0) throw Error("cuda", devices.why_none, Fault::failure);
  if (device < 0 || device >= devices.count)
    throw expected("cuda", "one of " + std::to_string(devices.count) + " GPUs, counted from 0", std::to_string(device),
                   Fault::failure);
  if (settings.kernels != Kernels::own)
    if (const CudnnFound found = find_cudnn(device); found.version.empty())
      throw Error("cuda", found.why_none, Fault::failure);
  if (activations == Type::f16) return make_operations<__half>(device, settings);
  if (activations != Type::bf16) return make_operations<float>(device, settings);
  if (!cuda_computes(device, activations))
    throw expected("cuda", "a GPU of sm_80 or later and code for such, for bf16", "older ones: choose f16",
                   Fault::failure);
  return make_operations<__nv_bfloat16>(device, settings);
}

}  // namespace danas
