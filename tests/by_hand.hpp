// Parts of a training step, done by hand: losses as numbers, rates from numbers. For backends in the host's memory.
#pragma once

#include "tensor/tape.hpp"
#include "tensor/tensor.hpp"

namespace danas::test {

/// Puts the loss on the tape.
inline double cross_entropy(Backend& backend, Tape& tape, Tape::Value logits, const View& labels) {
  const Tensor sums(backend, View{Type::f64, nullptr, 1, 1, 1, 2});
  tape.softmax_cross_entropy(logits, {labels, sums.view()});
  return get(sums.view(), 0);
}

/// The rates of one step.
class OneStep {
 public:
  explicit OneStep(Backend& backend)
      : table_(backend, View{Type::f64, nullptr, 1, 1, 1, 2}), counter_(backend, View{Type::i32, nullptr, 1, 1, 1, 1}) {
  }
  StepRates rates(double learning_rate, double corrected = 0) const {
    set(table_.view(), 0, learning_rate);
    set(table_.view(), 1, corrected);
    return {table_.view(), counter_.view()};
  }

 private:
  Tensor table_, counter_;
};

}  // namespace danas::test
