// The statistics of a product from the covariance of its input: mean(x·w) = mean(x)·w, variance = wᵀ·C·w. An expanded
// tensor need not exist for them.
#pragma once

#include "tensor/cpu/block_team.hpp"

namespace danas::cpu {

/// Mean and covariance of the rows of x (saved.input_mean, saved.input_covariance), and from them, in double, the
/// statistics of what the expansion gives (saved.bn1).
void covariance_statistics(const BlockTeam& team, const View& x, const Filter& expand, const BottleneckSaved& saved);

/// The statistics of x·w from mean and covariance [in][in] of the rows of x.
void product_statistics(ThreadPool& pool, const double* mean, const double* covariance, const Filter& w,
                        const BatchNormStatistics& statistics);

/// x − mean of `rows` rows.
void center_rows(const BlockTeam& team, const View& mean, const float* x, Index rows, float* centered);

/// The filter [in][wide] with its output channels scaled, dense.
void scale_filter(const Filter& w, const float* scale, float* scaled);

}  // namespace danas::cpu
