// What the kernel units of one instruction set offer each other: the functions that kernels.cpp puts in the table.
#pragma once

#include "tensor/cpu/kernels.hpp"

namespace danas::cpu::DANAS_SIMD {

void matmul(const MatmulBlock& block);
void filter(const FilterBlock& block);
void window_filter(const WindowFilter& window);
void centered_windows(const CenteredWindows& windows);

void depthwise_row(const DepthwiseRow& row);
void depthwise_filter_row(const DepthwiseFilterRow& row);
void depthwise_pixel(const Tap* taps, Index count, Index channels, const float* bias, Activation act, float* y);
void depthwise_filter_pixel(const FilterTap* taps, Index count, Index channels, const float* dy);

void moments(const Span& span, const float* x, const float* shift, float* sum, float* sum_of_squares);
void column_sums(const Span& span, const float* x, float* sum);
void normalize(const Span& span, const float* x, const float* mean, const float* scale, const float* offset,
               Activation act, const float* add, float* y);
void gradient_sums(const Span& span, const float* x, const float* y, const float* dy, const float* mean, Activation act,
                   float* sum, float* sum_of_products);
void normalize_backward(const Span& span, const float* x, const float* y, const float* dy, const float* mean,
                        const float* a, const float* b, const float* c, Activation act, float* dx);

void wide_activated(const WideActivated& product);
void wide_moments(const WideMoments& product);
void wide_backward(const WideBackward& product);
void narrow(const NarrowProduct& product);
void narrow_moments(const NarrowMoments& product);
void wide_filter(const WideFilter& f);
void plane_filter(const PlaneFilter& f);
void plane_filter_backward(const PlaneFilterBackward& f);
void plane_normalize(const PlaneRows& rows);
void plane_combine(const PlaneCombination& rows);
void subtract(const float* x, const float* center, Index rows, Index channels, float* y);
void to_plane(const PlaneCopy& copy);
void from_plane(const PlaneCopy& copy);

void activation(Index n, const float* x, Activation act, float* y);
void activation_backward(Index n, const float* y, const float* dy, Activation act, float* dx);
void add(Index n, const float* a, const float* b, float* y);
void scale(Index n, const float* x, float factor, float* y);
void sum_partials(Index n, const float* partials, Index count, Index stride, float* out);
void sgd(Index n, float* w, const float* g, float* velocity, float rate, float momentum, float decay);
void adam(Index n, float* w, const float* g, float* m, float* v, const AdamFactors& factors);

void area_rows(Index n, const std::uint8_t* top, Index stride, const AreaSpan& span, std::uint32_t* sums);
void area_columns(const AreaRow& row, std::uint8_t* out);
void gray(Index pixels, const std::uint8_t* rgb, std::uint8_t* out);
void signed_shares(Index n, const std::uint8_t* x, float* y);

Index multiply_add_loop(Index iterations, float* sink);
void triad(Index n, const float* a, const float* b, float* y);

}  // namespace danas::cpu::DANAS_SIMD
