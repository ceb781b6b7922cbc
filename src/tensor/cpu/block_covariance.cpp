#include "tensor/cpu/block_covariance.hpp"

#include <algorithm>

namespace danas::cpu {
namespace {

constexpr Index block_rows = 128;   ///< a tile
constexpr Index piece_rows = 1024;  ///< whose sums are in single precision
constexpr Index most_tasks = 256;
constexpr Index block_columns = 48;  ///< of the filter, a task

/// Of a task's rows about its own center: the center, the sums, and those of the products, in double.
struct Sums {
  Sums(double* memory, Index channels) : center(memory), sum(center + channels), products(sum + channels) {}
  static Index size(Index channels) { return channels * (channels + 2); }
  double *center, *sum, *products;
};

class Covariance {
 public:
  Covariance(const BlockTeam& team, const View& x)
      : team_(team), x_(x.as<const float>()), rows_(x.rows()), channels_(x.c),
        share_(std::max(piece_rows, divide_up(divide_up(rows_, most_tasks), piece_rows) * piece_rows)),
        tasks_(divide_up(rows_, share_)),
        sums_(reinterpret_cast<double*>(team.partials.take(2 * (tasks_ + 1) * Sums::size(channels_)))) {}

  /// The tasks' sums joined, about the mean of all: center is the mean, products the covariance.
  Sums join() const {
    team_.pool.run(tasks_, [&](std::int64_t task, int worker) {
      add_rows(task, team_.workers[static_cast<std::size_t>(worker)].tiles);
    });
    const Sums all = of(tasks_);
    std::fill_n(all.center, Sums::size(channels_), 0.0);
    for (Index task = 0; task < tasks_; ++task)
      for (Index c = 0; c < channels_; ++c)
        all.center[c] += (count(task) * of(task).center[c] + of(task).sum[c]) / static_cast<double>(rows_);
    for (Index task = 0; task < tasks_; ++task) join(of(task), count(task), all);
    return all;
  }

 private:
  Sums of(Index task) const { return {sums_ + task * Sums::size(channels_), channels_}; }
  double count(Index task) const { return static_cast<double>(std::min(share_, rows_ - task * share_)); }

  void join(const Sums& part, double n, const Sums& all) const {
    for (Index i = 0; i < channels_; ++i)
      for (Index j = 0; j < channels_; ++j) {
        const double di = part.center[i] + part.sum[i] / n - all.center[i];
        const double dj = part.center[j] + part.sum[j] / n - all.center[j];
        all.products[i * channels_ + j] +=
            (part.products[i * channels_ + j] - part.sum[i] * part.sum[j] / n + n * di * dj) /
            static_cast<double>(rows_);
      }
  }

  void add_rows(Index task, Scratch& scratch) const {
    const Index begin = task * share_, end = std::min(begin + share_, rows_), square = channels_ * channels_;
    Parts measured;
    place(measured);
    Parts parts(scratch.take(measured.used()));
    const Tile tile = place(parts);
    const Sums sums = of(task);
    std::fill_n(sums.center, Sums::size(channels_), 0.0);
    const Index first = std::min(end - begin, block_rows);
    team_.kernels.column_sums({first, channels_, 0}, x_ + begin * channels_, tile.center);
    for (Index c = 0; c < channels_; ++c) {
      tile.center[c] /= static_cast<float>(first);
      sums.center[c] = static_cast<double>(tile.center[c]);
    }
    for (Index row = begin; row < end; row += piece_rows) {
      add_piece(row, std::min(row + piece_rows, end), tile, sums);
      for (Index i = 0; i < square; ++i) sums.products[i] += static_cast<double>(tile.products[i]);
    }
  }

  struct Tile {
    float *rows, *center, *sum, *products;
  };
  Tile place(Parts& parts) const {
    Tile tile{};
    tile.rows = parts.take(block_rows * channels_);
    tile.center = parts.take(channels_);
    tile.sum = parts.take(channels_);
    tile.products = parts.take(channels_ * channels_);
    return tile;
  }

  void add_piece(Index begin, Index end, const Tile& tile, const Sums& sums) const {
    const View center = vector_view(Type::f32, tile.center, channels_);
    for (Index row = begin; row < end; row += block_rows) {
      const Index rows = std::min(block_rows, end - row);
      center_rows(team_, center, x_ + row * channels_, rows, tile.rows);
      team_.kernels.column_sums({rows, channels_, 0}, tile.rows, tile.sum);
      for (Index c = 0; c < channels_; ++c) sums.sum[c] += static_cast<double>(tile.sum[c]);
      team_.kernels.filter({.a = tile.rows,
                            .a_stride = channels_,
                            .a_columns = channels_,
                            .b = tile.rows,
                            .b_stride = channels_,
                            .b_columns = channels_,
                            .rows = rows,
                            .out = tile.products,
                            .out_stride = channels_,
                            .accumulate = row != begin});
    }
  }

  const BlockTeam& team_;
  const float* x_;
  const Index rows_, channels_, share_, tasks_;
  double* sums_;
};

/// Of the columns of x·w from `first` on, side by side, so that the compiler makes vectors of them.
void column_statistics(const double* x_mean, const double* covariance, const Filter& w, Index first,
                       const BatchNormStatistics& statistics) {
  const Index columns = std::min(block_columns, w.out - first);
  double mean[block_columns] = {}, variance[block_columns] = {};
  for (Index i = 0; i < w.in; ++i) {
    double mixed[block_columns] = {};
    for (Index j = 0; j < w.in; ++j) {
      const float* row = w.as<const float>() + j * w.row_stride + first;
      const double factor = covariance[i * w.in + j];
      for (Index e = 0; e < columns; ++e) mixed[e] += factor * static_cast<double>(row[e]);
    }
    const float* row = w.as<const float>() + i * w.row_stride + first;
    for (Index e = 0; e < columns; ++e) {
      mean[e] += x_mean[i] * static_cast<double>(row[e]);
      variance[e] += mixed[e] * static_cast<double>(row[e]);
    }
  }
  for (Index e = 0; e < columns; ++e) {
    statistics.mean.as<float>()[first + e] = static_cast<float>(mean[e]);
    statistics.variance.as<float>()[first + e] = static_cast<float>(std::max(0.0, variance[e]));
  }
}

}  // namespace

void covariance_statistics(const BlockTeam& team, const View& x, const Filter& expand, const BottleneckSaved& saved) {
  const Sums all = Covariance(team, x).join();
  const Index in = expand.in;
  for (Index i = 0; i < in; ++i) saved.input_mean.as<float>()[i] = static_cast<float>(all.center[i]);
  for (Index i = 0; i < in * in; ++i) saved.input_covariance.as<float>()[i] = static_cast<float>(all.products[i]);
  product_statistics(team.pool, all.center, all.products, expand, saved.bn1);
}

void product_statistics(ThreadPool& pool, const double* mean, const double* covariance, const Filter& w,
                        const BatchNormStatistics& statistics) {
  pool.run(divide_up(w.out, block_columns),
           [&](std::int64_t task, int) { column_statistics(mean, covariance, w, task * block_columns, statistics); });
}

void center_rows(const BlockTeam& team, const View& mean, const float* x, Index rows, float* centered) {
  team.kernels.block.subtract(x, mean.as<const float>(), rows, mean.c, centered);
}

void scale_filter(const Filter& w, const float* scale, float* scaled) {
  for (Index i = 0; i < w.in; ++i)
    for (Index e = 0; e < w.out; ++e) scaled[i * w.out + e] = w.as<const float>()[i * w.row_stride + e] * scale[e];
}

}  // namespace danas::cpu
