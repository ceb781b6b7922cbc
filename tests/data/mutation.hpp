// Files damaged at random, the same ones every time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace danas::test {

/// Damages of the kinds that parsers fall for: numbers at their limits, lengths that lie, pieces lost, doubled or strange.
class Mutation {
 public:
  Mutation(std::uint64_t number, const std::vector<std::string>& others)
      : random_(7, "mutation", number), others_(others) {}

  std::string operator()(std::string file) {
    for (std::size_t times = 1 + below(4); times > 0; --times) damage(file, 0, file.size());
    return file;
  }

  /// Within [begin, end) alone, which keeps its length.
  std::string within(std::string file, std::size_t begin, std::size_t end) {
    for (std::size_t times = 1 + below(6); times > 0; --times) overwrite(file, begin, end);
    return file;
  }

 private:
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_.below(std::max<std::size_t>(end, 1))); }

  void damage(std::string& file, std::size_t begin, std::size_t end) {
    const std::size_t at = below(file.size()), count = below(std::min<std::size_t>(file.size() - at + 1, 64));
    switch (below(6)) {
      case 0: file.resize(at); break;
      case 1: file.erase(at, count); break;
      case 2: file.insert(at, file.substr(at, count)); break;
      case 3: {
        const std::string& other = others_[below(others_.size())];
        const std::size_t from = below(other.size());
        file.replace(at, count, other.substr(from, below(64)));
        break;
      }
      default: overwrite(file, begin, std::min(end, file.size()));
    }
  }

  void overwrite(std::string& file, std::size_t begin, std::size_t end) {
    static const std::string limits[] = {
        {"\0\0\0\0", 4}, "\xFF\xFF\xFF\xFF", "\x7F\xFF\xFF\xFF", {"\x80\0\0\0", 4}, {"\0\0\0\1", 4},
        {"\1\0\0\0", 4}, {"\1\x12\0\3", 4},  {"\x12\1\3\0", 4}  // how an entry of the orientation begins
    };
    const std::size_t at = begin + below(end - std::min(begin, end)), room = end > at ? end - at : 0;
    if (below(2) == 0) {
      file.replace(at, std::min(room, std::size_t{1}), std::min(room, std::size_t{1}), static_cast<char>(below(256)));
    } else {
      const std::size_t bytes = std::min(room, std::size_t{1} << below(3));
      file.replace(at, bytes, limits[below(std::size(limits))].substr(0, bytes));
    }
  }

  Random random_;
  const std::vector<std::string>& others_;
};

}  // namespace danas::test
