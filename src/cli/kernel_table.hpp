// Modeled launches summed by kernel.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cuda/machine.hpp"

namespace danas {

/// What documents and tables call all that comes of the model.
constexpr const char* model_label = "model, not measurement";

class KernelTable {
 public:
  KernelTable(const cuda::MachineRates& rates, Precision precision) : rates_(rates), precision_(precision) {}

  /// Launches that are made so many times.
  void add(const std::vector<cuda::KernelLaunch>& launches, double times = 1);

  struct Row {
    std::string operation, kernel;
    cuda::ModeledStep sum;
    std::map<std::string, double> by_bound;  ///< seconds

    std::string bound() const;  ///< of most of the time
  };
  std::vector<Row> rows() const;  ///< those that take longest first
  cuda::ModeledStep sum() const;
  /// The first so many rows, times divided by `unit` seconds, which is called so ("ms").
  void print(std::size_t most, double unit, const char* name) const;

 private:
  const cuda::MachineRates& rates_;
  Precision precision_;
  std::map<std::pair<std::string, std::string>, Row> rows_;
};

}  // namespace danas
