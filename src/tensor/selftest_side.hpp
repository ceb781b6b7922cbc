// One backend's operands of one selftest case: equal numbers on both sides, guarded on all sides. Private to selftest.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "tensor/arena.hpp"
#include "tensor/selftest.hpp"

namespace danas {

class SelftestSide {
 public:
  /// Operands are numbers that `operands` has, of the weight type too.
  SelftestSide(Backend& backend, const Random& random, SelftestFill fill, Type operands = Type::f32);
  ~SelftestSide();
  SelftestSide(const SelftestSide&) = delete;
  SelftestSide& operator=(const SelftestSide&) = delete;

  Backend& backend() { return backend_; }
  Arena& arena() { return arena_; }
  Random& random() { return random_; }

  // Operands that the operation only reads, uniform in [low, high). Vectors have the weight type, what else has no type in
  // its name the activation type.
  View input(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c, double low = -1, double high = 1);
  View vector(std::int64_t channels, double low = -1, double high = 1);
  Filter filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out, bool gaps);
  BatchNormWeights batch_norm_weights(std::int64_t channels);
  View labels(std::int64_t count, std::int64_t classes);
  View rates(std::int64_t steps);  ///< the table of StepRates, each rate from 0.01 to 0.1

  // Operands that the operation writes whole. Those of changed() are read too.
  View result(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c);
  View vector_result(std::int64_t channels);
  /// The gradient of a filter, of the weight type; and another filter.
  Filter filter_result(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out, bool gaps);
  Filter other_filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out, bool gaps);
  View changed(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c, double low = -1, double high = 1);
  View changed_vector(std::int64_t channels, double low = -1, double high = 1);
  /// Of the weight type.
  Filter changed_filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out, bool gaps, double low,
                        double high);
  View counter(std::int64_t low, std::int64_t count);  ///< i32, one of `count` numbers from `low`
  /// f64, [rows, 1, 1, columns]
  View sums(std::int64_t rows, std::int64_t columns, double low = -1, double high = 1);
  PooledMoments moments(std::int64_t channels);

  /// Notes whether a normalized element is so near to 0 or 6 that rounding may decide about ReLU6's mask.
  void watch_kinks(const View& x, const BatchNormWeights& weights, const BatchNormStatistics& statistics,
                   double epsilon);
  bool near_kink() const { return near_kink_; }

  /// Largest error of this side's results against those of `reference`.
  double error_against(const SelftestSide& reference) const;
  /// Whether the two sides, of one type, hold the same bytes: operands, results and what lies around them.
  bool same_bits(const SelftestSide& other) const;

 private:
  enum class Role { read, written, both };
  struct Operand {
    Role role;
    Type type;
    void* memory;
    std::int64_t size;         ///< elements between the guards
    std::vector<bool> active;  ///< false in the gaps of filters
  };

  void* store(Role role, Type type, std::vector<bool> active, const std::function<double()>& draw);
  View store_view(Role role, const View& shape, double low, double high);
  double drawn(double low, double high);
  Filter store_filter(Role role, Type type, std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out,
                      bool gaps);
  Filter store_filter(Role role, Filter filter, bool gaps, double low, double high);
  std::vector<double> numbers_of(const View& view) const;
  std::vector<double> numbers_of(const Operand& operand) const;
  std::vector<std::byte> bytes_of(const Operand& operand) const;
  static bool untouched(const Operand& operand, const std::vector<double>& numbers);
  double operand_error(const Operand& mine, const SelftestSide& reference, const Operand& other) const;

  Backend& backend_;
  Arena arena_;
  Random random_;
  SelftestFill fill_;
  Type operand_type_;
  std::vector<Operand> operands_;
  bool near_kink_ = false;
};

struct SelftestCase {
  std::string op;
  double tolerance;
  bool exact_in_integers;
  std::string shape;
  std::function<void(SelftestSide&)> run;
};

class SelftestTable {
 public:
  void add(const std::string& op, double tolerance, bool exact_in_integers, const std::string& shape,
           std::function<void(SelftestSide&)> run) {
    cases_.push_back({op, tolerance, exact_in_integers, shape, std::move(run)});
  }
  const std::vector<SelftestCase>& cases() const { return cases_; }

 private:
  std::vector<SelftestCase> cases_;
};

/// "2x5x7x16"
std::string selftest_shape(std::initializer_list<std::int64_t> numbers);

/// All cases; new ones at the end, as a case's operands are drawn by its place.
SelftestTable selftest_table();

void add_product_cases(SelftestTable& table);  // selftest_products.cpp
void add_normalized_convolution_cases(SelftestTable& table);
void add_normalization_cases(SelftestTable& table);  // selftest_cases.cpp
void add_elementwise_cases(SelftestTable& table);
void add_bottleneck_cases(SelftestTable& table);
void add_training_cases(SelftestTable& table);  // selftest_training.cpp
void add_precision_cases(SelftestTable& table);
/// Channels that are multiples of 4, which are accessed in halves of a vector where they have 16 bits.
void add_products_by_four(SelftestTable& table);        // selftest_products.cpp
void add_normalizations_by_four(SelftestTable& table);  // selftest_cases.cpp
void add_distillation_cases(SelftestTable& table);      // selftest_training.cpp
void add_slice_update_cases(SelftestTable& table);

}  // namespace danas
