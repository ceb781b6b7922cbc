// The inverted bottleneck as one operation. What has no fused kernels is composed of plain operations.
#include "tensor/arena.hpp"
#include "tensor/cpu/block_inference.hpp"
#include "tensor/cpu/cpu_backend.hpp"

namespace danas::cpu {

View CpuBackend::pack_bottleneck(const FoldedBottleneck& block, Arena& arena) {
  if (!BottleneckShape::fusible(block.depthwise, block.stride)) return {};
  const Filter& first = block.expand.present() ? block.expand : block.depthwise;
  const View any{Type::f32, nullptr, 1, 1, 1, block.expand.present() ? first.in : first.out};
  const BottleneckShape shape(any, block.expand, block.depthwise, block.project, block.stride);
  const View packed = arena.take_vector(packed_size(shape));
  pack_folded(team(), shape, block, packed.as<float>());
  return packed;
}

void CpuBackend::bottleneck_inference(const View& x, const FoldedBottleneck& block, Arena& arena, const View& y) {
  constexpr const char* op = "bottleneck_inference";
  if (!BottleneckShape::fusible(block.depthwise, block.stride))
    return Backend::bottleneck_inference(x, block, arena, y);
  shapes::bottleneck(op, Type::f32, x, block.expand, block.depthwise, block.project, block.stride, block.residual, y);
  if (block.expand.present()) shapes::vector(op, Type::f32, block.bias1, block.expand.out);
  shapes::vector(op, Type::f32, block.bias2, block.depthwise.out);
  shapes::vector(op, Type::f32, block.bias3, block.project.out);
  const BottleneckShape shape(x, block.expand, block.depthwise, block.project, block.stride);
  const float* packed = block.packed.as<const float>();
  if (!packed) {
    float* own = packed_.take(packed_size(shape));
    pack_folded(team(), shape, block, own);
    packed = own;
  }
  infer(team(), shape, x, block, packed, y);
}

}  // namespace danas::cpu
