#include "tensor/selftest_side.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/half.hpp"
#include "tensor/tensor.hpp"

namespace danas {

namespace {

constexpr std::int64_t guard = 64;  // elements before and after every operand; keeps the operand aligned
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double kink_margin = 1e-4;
constexpr double smallest_scale = 0.1;

View whole(Type type, void* memory, std::int64_t size) { return vector_view(type, memory, size + 2 * guard); }

// What nobody may write: NaN, or the whole number that no operand holds.
double mark_of(Type type) { return type == Type::i32 ? std::numeric_limits<std::int32_t>::min() : std::nan(""); }
bool is_mark(Type type, double number) { return type == Type::i32 ? number == mark_of(type) : std::isnan(number); }

double rounded(double number, Type type) {
  switch (type) {
    case Type::f16: return Half(number);
    case Type::bf16: return Bfloat16(number);
    default: return static_cast<float>(number);
  }
}

// Of 16 bits half of the last digit below 6 is lost.
double least_that_becomes_six(Type type) {
  return type == Type::f16 ? 6 - 0x1p-9 : type == Type::bf16 ? 6 - 0x1p-6 : 6;
}

}  // namespace

std::string selftest_shape(std::initializer_list<std::int64_t> numbers) {
  std::string line;
  for (const std::int64_t number : numbers) {
    if (!line.empty()) line += 'x';
    line += std::to_string(number);
  }
  return line;
}

SelftestSide::SelftestSide(Backend& backend, const Random& random, SelftestFill fill, Type operands)
    : backend_(backend), arena_(backend), random_(random), fill_(fill), operand_type_(operands) {}

SelftestSide::~SelftestSide() {
  for (const Operand& operand : operands_) backend_.release(operand.memory);
}

// Of reals rounded, so that it is the same number on both sides.
double SelftestSide::drawn(double low, double high) {
  if (fill_ == SelftestFill::integers) return static_cast<double>(random_.below(7)) - 3;
  return rounded(random_.uniform(low, high), operand_type_);
}

// What no one may write, and what a result holds before it is written, is marked.
void* SelftestSide::store(Role role, Type type, std::vector<bool> active, const std::function<double()>& draw) {
  const std::int64_t size = static_cast<std::int64_t>(active.size());
  const View view = whole(type, nullptr, size);
  void* memory = backend_.allocate(view.bytes());
  operands_.push_back({role, type, memory, size, std::move(active)});
  const Operand& operand = operands_.back();
  std::vector<double> numbers(static_cast<std::size_t>(view.size()), mark_of(type));
  for (std::int64_t i = 0; i < size; ++i) {
    if (role == Role::written || !operand.active[static_cast<std::size_t>(i)]) continue;
    numbers[static_cast<std::size_t>(guard + i)] = draw();
  }
  upload_numbers(backend_, numbers, view.with_data(memory));
  return static_cast<std::byte*>(memory) + static_cast<std::size_t>(guard) * danas::bytes_of(type);
}

View SelftestSide::store_view(Role role, const View& shape, double low, double high) {
  return shape.with_data(store(role, shape.type, std::vector<bool>(static_cast<std::size_t>(shape.size()), true),
                               [&] { return drawn(low, high); }));
}

View SelftestSide::input(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c, double low, double high) {
  return store_view(Role::read, {backend_.activation_type(), nullptr, n, h, w, c}, low, high);
}

View SelftestSide::result(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c) {
  return store_view(Role::written, {backend_.activation_type(), nullptr, n, h, w, c}, 0, 0);
}

View SelftestSide::changed(std::int64_t n, std::int64_t h, std::int64_t w, std::int64_t c, double low, double high) {
  return store_view(Role::both, {backend_.activation_type(), nullptr, n, h, w, c}, low, high);
}

View SelftestSide::vector(std::int64_t channels, double low, double high) {
  return store_view(Role::read, vector_view(backend_.weight_type(), nullptr, channels), low, high);
}

View SelftestSide::vector_result(std::int64_t channels) {
  return store_view(Role::written, vector_view(backend_.weight_type(), nullptr, channels), 0, 0);
}

View SelftestSide::changed_vector(std::int64_t channels, double low, double high) {
  return store_view(Role::both, vector_view(backend_.weight_type(), nullptr, channels), low, high);
}

View SelftestSide::labels(std::int64_t count, std::int64_t classes) {
  return {Type::i32,
          store(Role::read, Type::i32, std::vector<bool>(static_cast<std::size_t>(count), true),
                [&] { return static_cast<double>(random_.below(static_cast<std::uint64_t>(classes))); }),
          count,
          1,
          1,
          1};
}

View SelftestSide::rates(std::int64_t steps) {
  const View shape{Type::f64, nullptr, steps, 1, 1, 2};
  return shape.with_data(store(Role::read, Type::f64, std::vector<bool>(static_cast<std::size_t>(shape.size()), true),
                               [&] { return random_.uniform(0.01, 0.1); }));
}

View SelftestSide::counter(std::int64_t low, std::int64_t count) {
  return vector_view(Type::i32,
                     store(Role::both, Type::i32, {true},
                           [&] {
                             return static_cast<double>(low) +
                                    static_cast<double>(random_.below(static_cast<std::uint64_t>(count)));
                           }),
                     1);
}

View SelftestSide::sums(std::int64_t rows, std::int64_t columns, double low, double high) {
  return store_view(Role::both, {Type::f64, nullptr, rows, 1, 1, columns}, low, high);
}

PooledMoments SelftestSide::moments(std::int64_t channels) {
  const View mean = sums(1, channels), squares = sums(1, channels, 0, 20);
  return {mean, squares, sums(1, 1, 1, 30)};
}

Filter SelftestSide::store_filter(Role role, Type type, std::int64_t h, std::int64_t w, std::int64_t in,
                                  std::int64_t out, bool gaps) {
  // Products of filters and inputs in [-1, 1) stay near 1, whatever the number of terms.
  const double bound = std::sqrt(3.0 / static_cast<double>(h * w * in));
  return store_filter(role, dense_filter(type, nullptr, h, w, in, out), gaps, -bound, bound);
}

Filter SelftestSide::store_filter(Role role, Filter filter, bool gaps, double low, double high) {
  if (gaps) {
    filter.row_stride += filter.out % 4 == 0 ? 8 : 5;  // of a slice, rows lie as those of the whole network
    filter.tap_stride = (filter.in + 2) * filter.row_stride;
  }
  std::vector<bool> active(static_cast<std::size_t>(filter.h * filter.w * filter.tap_stride));
  for (std::int64_t tap = 0; tap < filter.h * filter.w; ++tap)
    for (std::int64_t i = 0; i < filter.in; ++i)
      std::fill_n(active.begin() + tap * filter.tap_stride + i * filter.row_stride, filter.out, true);
  filter.data = store(role, filter.type, std::move(active), [&] { return drawn(low, high); });
  return filter;
}

Filter SelftestSide::changed_filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out, bool gaps,
                                    double low, double high) {
  return store_filter(Role::both, dense_filter(backend_.weight_type(), nullptr, h, w, in, out), gaps, low, high);
}

Filter SelftestSide::filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out, bool gaps) {
  return store_filter(Role::read, backend_.activation_type(), h, w, in, out, gaps);
}

Filter SelftestSide::filter_result(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out, bool gaps) {
  return store_filter(Role::written, backend_.weight_type(), h, w, in, out, gaps);
}

Filter SelftestSide::other_filter(std::int64_t h, std::int64_t w, std::int64_t in, std::int64_t out, bool gaps) {
  return store_filter(Role::written, backend_.activation_type(), h, w, in, out, gaps);
}

BatchNormWeights SelftestSide::batch_norm_weights(std::int64_t channels) {
  const View gamma = vector(channels, 0.5, 2), beta = vector(channels, -1, 2);
  const View mean = vector(channels, -0.5, 0.5);
  return {gamma, beta, mean, vector(channels, 0.2, 1.5)};
}

void SelftestSide::watch_kinks(const View& x, const BatchNormWeights& weights, const BatchNormStatistics& statistics,
                               double epsilon) {
  const std::vector<double> values = numbers_of(x), mean = numbers_of(statistics.mean),
                            variance = numbers_of(statistics.variance), gamma = numbers_of(weights.gamma),
                            beta = numbers_of(weights.beta);
  const double six = least_that_becomes_six(backend_.activation_type());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t c = i % mean.size();
    const double normalized = gamma[c] * (values[i] - mean[c]) / std::sqrt(variance[c] + epsilon) + beta[c];
    near_kink_ = near_kink_ || std::min(std::abs(normalized), std::abs(normalized - six)) < kink_margin;
  }
}

std::vector<double> SelftestSide::numbers_of(const View& view) const {
  std::vector<double> numbers;
  download_numbers(backend_, view, numbers);
  return numbers;
}

// With the guards on both sides.
std::vector<double> SelftestSide::numbers_of(const Operand& operand) const {
  return numbers_of(whole(operand.type, operand.memory, operand.size));
}

bool SelftestSide::untouched(const Operand& operand, const std::vector<double>& numbers) {
  for (std::int64_t i = -guard; i < operand.size + guard; ++i) {
    const bool inside = i >= 0 && i < operand.size && operand.active[static_cast<std::size_t>(i)];
    if (!inside && !is_mark(operand.type, numbers[static_cast<std::size_t>(guard + i)])) return false;
  }
  return true;
}

double SelftestSide::operand_error(const Operand& mine, const SelftestSide& reference, const Operand& other) const {
  const std::vector<double> numbers = numbers_of(mine), wanted = reference.numbers_of(other);
  if (!untouched(mine, numbers)) return infinity;
  double worst = 0, squares = 0, count = 0;
  for (std::int64_t i = 0; i < mine.size; ++i) {
    if (!mine.active[static_cast<std::size_t>(i)]) continue;
    const double value = numbers[static_cast<std::size_t>(guard + i)],
                 right = wanted[static_cast<std::size_t>(guard + i)];
    if (mine.role == Role::read && value != right) return infinity;
    if (!std::isfinite(value) || !std::isfinite(right)) return infinity;
    worst = std::max(worst, std::abs(value - right));
    squares += right * right;
    ++count;
  }
  return count > 0 ? worst / std::max(std::sqrt(squares / count), smallest_scale) : 0;
}

std::vector<std::byte> SelftestSide::bytes_of(const Operand& operand) const {
  const View view = whole(operand.type, operand.memory, operand.size);
  std::vector<std::byte> bytes(view.bytes());
  backend_.download(view, bytes.data());
  return bytes;
}

bool SelftestSide::same_bits(const SelftestSide& other) const {
  if (operands_.size() != other.operands_.size()) return false;
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    const Operand &mine = operands_[i], &theirs = other.operands_[i];
    if (mine.type != theirs.type || mine.size != theirs.size) return false;
    if (bytes_of(mine) != other.bytes_of(theirs)) return false;
  }
  return true;
}

double SelftestSide::error_against(const SelftestSide& reference) const {
  if (operands_.size() != reference.operands_.size()) return infinity;
  double worst = 0;
  for (std::size_t i = 0; i < operands_.size(); ++i)
    worst = std::max(worst, operand_error(operands_[i], reference, reference.operands_[i]));
  return worst;
}

}  // namespace danas
