// Softmax, cross-entropy and what is counted of predictions, in doubles: rows are few and short.
#pragma once

#include "cuda/gpu.cuh"

namespace danas::cuda {

/// What becomes of a row of logits.
struct RowLoss {
  double loss;  ///< cross-entropy
  int label, prediction;
};

constexpr int loss_lanes = 32, loss_rows = 8;

/// A block has 8 rows, 32 threads a row; 5 KiB of shared memory. Probabilities may be absent. Reads the logits three
/// times, the second and third from the caches.
template <class Element>
__global__ void __launch_bounds__(loss_lanes* loss_rows)
    row_losses(const Element* logits, const int* labels, int rows, int classes, float* probabilities, RowLoss* losses) {
  GPU_SHARED(float, largest, [loss_rows][loss_lanes]);
  GPU_SHARED(int, where, [loss_rows][loss_lanes]);
  GPU_SHARED(double, sums, [loss_rows][loss_lanes]);
  const int lane = static_cast<int>(threadIdx.x), in_block = static_cast<int>(threadIdx.y);
  const int wanted = static_cast<int>(blockIdx.x) * loss_rows + in_block;
  const int row = wanted < rows ? wanted : rows - 1;  // those beyond do the last one again, for the barriers
  const Element* const in = logits + Index{row} * classes;

  int best = lane < classes ? lane : 0;
  for (int c = lane; c < classes; c += loss_lanes)
    if (number(in[c]) > number(in[best])) best = c;
  largest[in_block][lane] = number(in[best]);
  where[in_block][lane] = best;
  for (int half = loss_lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane >= half) continue;
    const float mine = largest[in_block][lane], other = largest[in_block][lane + half];
    const bool earlier = other == mine && where[in_block][lane + half] < where[in_block][lane];
    if (other > mine || earlier) {
      largest[in_block][lane] = other;
      where[in_block][lane] = where[in_block][lane + half];
    }
  }
  __syncthreads();

  const double most = static_cast<double>(largest[in_block][0]);
  double sum = 0;
  for (int c = lane; c < classes; c += loss_lanes) sum += exp(static_cast<double>(number(in[c])) - most);
  sums[in_block][lane] = sum;
  for (int half = loss_lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half) sums[in_block][lane] += sums[in_block][lane + half];
  }
  __syncthreads();

  if (wanted >= rows) return;
  const double total = sums[in_block][0], share = 1 / total;
  if (lane == 0)
    losses[row] = {log(total) + most - static_cast<double>(number(in[labels[row]])), labels[row], where[in_block][0]};
  // Last, so that nothing is kept in registers over the calls that exp is made of.
  if (probabilities != nullptr)
    for (int c = lane; c < classes; c += loss_lanes)
      probabilities[Index{row} * classes + c] =
          static_cast<float>(exp(static_cast<double>(number(in[c])) - most) * share);
}

constexpr int counted_rows = 128;

/// One block: the losses are added one after another, so that a pass has the same sums however it is cut into batches.
/// Where `confusion` is absent, `sums` gets the mean loss and the share of right predictions, else the sum of the
/// losses; of the rows of one tile that have the same label and prediction the first adds all of them to `confusion`.
/// Bound by latency: a tile of 128 rows takes 128 dependent additions.
static __global__ void __launch_bounds__(counted_rows)
    count_rows(const RowLoss* losses, int rows, int classes, double* sums, double* confusion) {
  GPU_SHARED(RowLoss, tile, [counted_rows]);
  const int mine = static_cast<int>(threadIdx.x);
  double loss = confusion != nullptr ? sums[0] : 0, right = 0;
  for (int first = 0; first < rows; first += counted_rows) {
    const int count = rows - first < counted_rows ? rows - first : counted_rows;
    if (mine < count) tile[mine] = losses[first + mine];
    __syncthreads();
    if (mine == 0) {
      for (int i = 0; i < count; ++i) {
        loss += tile[i].loss;
        right += tile[i].label == tile[i].prediction ? 1 : 0;
      }
    }
    if (confusion != nullptr && mine < count) {
      int before = 0, equal = 0;
      for (int i = 0; i < count; ++i) {
        const bool same = tile[i].label == tile[mine].label && tile[i].prediction == tile[mine].prediction;
        equal += same ? 1 : 0;
        before += same && i < mine ? 1 : 0;
      }
      if (before == 0) confusion[Index{tile[mine].label} * classes + tile[mine].prediction] += equal;
    }
    __syncthreads();
  }
  if (mine != 0) return;
  if (confusion != nullptr) {
    sums[0] = loss;
  } else {
    sums[0] += loss / rows;
    sums[1] += right / rows;
  }
}

/// dlogits = scale·(probabilities − targets)/rows; for for_each. Targets are the labels' or, where these are absent (null),
/// `soft`. The scale may be absent.
template <class Element>
struct SoftmaxBackward {
  const float* probabilities;
  const int* labels;
  const float* soft;
  const float* scale;
  Element* dlogits;
  int rows, classes;

  __device__ void operator()(Index i) const {
    const float target = labels == nullptr ? soft[i] : labels[i / classes] == i % classes ? 1 : 0;
    const float factor = scale != nullptr ? scale[0] : 1;
    dlogits[i] = rounded<Element>(factor * (probabilities[i] - target) / static_cast<float>(rows));
  }
};

}  // namespace danas::cuda
