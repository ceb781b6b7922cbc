// The measures of a system, by name: two lists say all there is to know of each.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace danas {

enum class Unit { share, count, bytes };  ///< in [0, 1]; whole numbers; whole numbers of bytes
enum class Better { more, less };         ///< which of two values is the better one

/// What a trained network does on the images of a split: name, name for people, unit, which values are better.
#define DANAS_SCORES(measure)                                                             \
  measure(accuracy, "accuracy", share, more) measure(precision, "precision", share, more) \
      measure(recall, "recall", share, more) measure(f1, "F1", share, more)

/// What a network needs, whatever its weights. NAME is estimated by nas/estimators/NAME.cpp: that file (and its name in
/// meson.build) and a line at the end of this list are all that a new one takes.
#define DANAS_ESTIMATES(measure)                                                    \
  measure(parameters, "parameters", count, less) measure(macs, "MACs", count, less) \
      measure(ram_bytes, "RAM", bytes, less) measure(flash_bytes, "flash", bytes, less)

#define DANAS_NAME(name, ...) name,
enum class Measure { DANAS_SCORES(DANAS_NAME) DANAS_ESTIMATES(DANAS_NAME) };
#undef DANAS_NAME

struct MeasureInfo {
  Measure measure;
  const char* name;   ///< as in files: "ram_bytes"
  const char* label;  ///< for people: "RAM"
  Unit unit;
  Better better;
};

#define DANAS_INFO(name, label, unit, better) MeasureInfo{Measure::name, #name, label, Unit::unit, Better::better},
inline constexpr std::array scores{DANAS_SCORES(DANAS_INFO)};
inline constexpr std::array estimates{DANAS_ESTIMATES(DANAS_INFO)};
inline constexpr std::array all_measures{DANAS_SCORES(DANAS_INFO) DANAS_ESTIMATES(DANAS_INFO)};
#undef DANAS_INFO

constexpr const MeasureInfo& info(Measure measure) { return all_measures[static_cast<std::size_t>(measure)]; }

/// By its name in files; throws Error at `where` that names the nearest one.
Measure parse_measure(const std::string& name, const std::string& where);

/// A value as files hold it: it reads back exactly.
std::string measure_text(Measure measure, double value);

/// Values of some measures. Counts and bytes are whole numbers up to most_count, which a double holds exactly.
class Measures {
 public:
  Measures() { values_.fill(none); }
  Measures(std::initializer_list<std::pair<Measure, double>> values);

  bool has(Measure measure) const { return !std::isnan(at(measure)); }
  double operator[](Measure measure) const;  ///< throws Error where it has no value
  long long count(Measure measure) const { return static_cast<long long>((*this)[measure]); }
  void set(Measure measure, double value) { values_[static_cast<std::size_t>(measure)] = value; }
  void set(const Measures& others);  ///< those that `others` has

  bool operator==(const Measures& other) const;

 private:
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();

  double at(Measure measure) const { return values_[static_cast<std::size_t>(measure)]; }

  std::array<double, all_measures.size()> values_;
};

inline constexpr long long most_count = 1LL << 53;

/// By how much each limit is exceeded: 0 within it. `values` has every limited measure.
Measures excess(const Measures& values, const Measures& limits);
bool within_limits(const Measures& excess);

/// "accuracy, RAM and flash".
std::string labels(const std::vector<Measure>& measures);

}  // namespace danas
