// Accuracy, precision, recall and F1 from a confusion matrix.
#pragma once

#include <cstdint>
#include <vector>

namespace danas {

struct Metrics {
  double accuracy = 0, precision = 0, recall = 0, f1 = 0, loss = 0;
  std::int64_t images = 0;
};

class ConfusionMatrix {
 public:
  /// `counts`: images by label and prediction, row after row. Throws Error for fewer than two classes or another number of
  /// counts.
  ConfusionMatrix(int classes, std::vector<std::int64_t> counts);
  std::int64_t count(int label, int prediction) const;
  /// Two classes: precision, recall and F1 of the positive class; more: macro averages over the classes that have a
  /// label, whatever `positive_class`. A ratio of 0/0 is 0. Throws Error where one of two classes is asked for that is
  /// neither.
  Metrics metrics(int positive_class) const;

 private:
  std::int64_t labeled(int label) const;

  int classes_;
  std::vector<std::int64_t> counts_;
};

}  // namespace danas
