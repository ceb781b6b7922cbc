#include "tensor/cpu/kernels.hpp"

#include "tensor/cpu/unit.hpp"

#define DANAS_STRING_(x) #x
#define DANAS_STRING(x) DANAS_STRING_(x)

namespace danas::cpu::DANAS_SIMD {

const Kernels kernels = {
    .name = DANAS_STRING(DANAS_SIMD),
    .lanes = DANAS_LANES,
    .matmul = matmul,
    .filter = filter,
    .window_filter = window_filter,
    .centered_windows = centered_windows,
    .depthwise_row = depthwise_row,
    .depthwise_filter_row = depthwise_filter_row,
    .depthwise_pixel = depthwise_pixel,
    .depthwise_filter_pixel = depthwise_filter_pixel,
    .moments = moments,
    .column_sums = column_sums,
    .normalize = normalize,
    .gradient_sums = gradient_sums,
    .normalize_backward = normalize_backward,
    .block = {.wide_activated = wide_activated,
              .wide_moments = wide_moments,
              .wide_backward = wide_backward,
              .narrow = narrow,
              .narrow_moments = narrow_moments,
              .wide_filter = wide_filter,
              .plane_filter = plane_filter,
              .plane_filter_backward = plane_filter_backward,
              .plane_normalize = plane_normalize,
              .plane_combine = plane_combine,
              .subtract = subtract,
              .to_plane = to_plane,
              .from_plane = from_plane},
    .activation = activation,
    .activation_backward = activation_backward,
    .add = add,
    .scale = scale,
    .sum_partials = sum_partials,
    .sgd = sgd,
    .adam = adam,
    .area_rows = area_rows,
    .area_columns = area_columns,
    .gray = gray,
    .signed_shares = signed_shares,
    .multiply_add_loop = multiply_add_loop,
    .triad = triad,
};

}  // namespace danas::cpu::DANAS_SIMD
