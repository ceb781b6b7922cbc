// Batches on their way to a GPU: copied ahead of the steps that take them, from the host or from images that stay there.
#include <boost/test/unit_test.hpp>

#include <array>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "cuda/cuda.hpp"
#include "cuda_runtime.h"
#include "machine.hpp"
#include "tensor/batch_feed.hpp"
#include "tensor/tensor.hpp"

using namespace danas;

namespace {

constexpr int images = 5, height = 6, width = 7;
constexpr std::size_t steps = 11;

/// Images of any size with their labels, and for each step a batch of some of them; every third batch is a shorter one.
class Plan {
 public:
  Plan() {
    for (int i = 0; i < images + 2; ++i) {
      const int h = 3 + below(20), w = 3 + below(20), channels = i % 2 == 0 ? 3 : 1;
      std::vector<std::uint8_t>& own = pixels_.emplace_back(static_cast<std::size_t>(h * w * channels));
      for (std::uint8_t& pixel : own) pixel = static_cast<std::uint8_t>(below(256));
      images_.push_back({own.data(), w, h, channels});
    }
    for (std::size_t step = 0; step < steps; ++step) {
      Batches& batch = batches_[step];
      for (int i = 0; i < (step % 3 == 2 ? images - 2 : images); ++i) {
        const std::size_t image = static_cast<std::size_t>(below(images + 2));
        const int w = 1 + below(images_[image].width), h = 1 + below(images_[image].height);
        batch.places.push_back(image);
        batch.crops.push_back(
            {below(images_[image].width - w + 1), below(images_[image].height - h + 1), w, h, below(2) == 1});
        batch.labels.push_back(below(1000));
      }
    }
  }

  /// Of pixels that are where they are, or at the same places from other beginnings.
  std::vector<Image> images_of(std::size_t step, const std::vector<Image>& all) const {
    std::vector<Image> chosen;
    for (const std::size_t place : batches_[step].places) chosen.push_back(all[place]);
    return chosen;
  }
  const std::vector<Image>& all() const { return images_; }
  const std::vector<Crop>& crops(std::size_t step) const { return batches_[step].crops; }
  const std::vector<std::int32_t>& labels(std::size_t step) const { return batches_[step].labels; }

 private:
  struct Batches {
    std::vector<std::size_t> places;
    std::vector<Crop> crops;
    std::vector<std::int32_t> labels;
  };

  int below(int bound) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(bound))); }

  Random random_{7, "feed"};
  std::vector<std::vector<std::uint8_t>> pixels_;
  std::vector<Image> images_;
  std::array<Batches, steps> batches_;
};

/// Images that stay on the device.
class Table {
 public:
  Table(Backend& backend, const Plan& plan) {
    for (const Image& image : plan.all()) {
      const Tensor& memory =
          memory_.emplace_back(backend, View{Type::u8, nullptr, 1, image.height, image.width, image.channels});
      backend.upload(image.pixels, memory.view());
      images_.push_back(image);
      images_.back().pixels = memory.view().as<std::uint8_t>();
    }
  }
  const std::vector<Image>& all() const { return images_; }

 private:
  std::vector<Tensor> memory_;
  std::vector<Image> images_;
};

/// What the batches of all steps hold, each kept on the device by a step that runs as late as may be.
struct Kept {
  std::vector<Tensor> images, labels;
};

View rows_of(const View& view, std::int64_t n) {
  View rows = view;
  rows.n = n;
  return rows;
}

/// A training's way: every batch is copied to another place by a program, and nobody waits for the backend.
Kept take_all(Backend& backend, const Plan& plan, int channels, const std::vector<Image>* table) {
  const View shape{backend.activation_type(), nullptr, images, height, width, channels};
  constexpr std::size_t staged = images * 23 * 23 * 3;
  const std::unique_ptr<BatchFeed> feed = backend.feed(shape, table != nullptr ? 0 : staged);
  Kept kept;
  std::vector<std::unique_ptr<Program>> programs;
  for (std::size_t step = 0; step < steps; ++step) {
    kept.images.emplace_back(backend, shape);
    kept.labels.emplace_back(backend, View{Type::i32, nullptr, images, 1, 1, 1});
  }
  emulation::fail_call(1, cudaErrorIllegalAddress, "cudaStreamSynchronize");  // whoever waits
  for (std::size_t step = 0; step < steps; ++step) {
    const std::size_t slot = step % BatchFeed::slots;
    feed->wait(slot);
    std::vector<Image> shown = plan.images_of(step, table != nullptr ? *table : plan.all());
    std::vector<Crop> crops = plan.crops(step);
    if (table == nullptr) {
      std::uint8_t* to = feed->staging(slot).data();
      for (std::size_t i = 0; i < shown.size(); ++i) {
        stage(shown[i], crops[i], to);
        to += bytes_of(shown[i], crops[i]);
      }
    }
    const Batch batch = feed->make(slot, {shown, crops, plan.labels(step)});
    const auto body = [&backend, batch, &kept, step] {
      backend.copy(batch.images, rows_of(kept.images[step].view(), batch.images.n));
      backend.copy(batch.labels, rows_of(kept.labels[step].view(), batch.labels.n));
    };
    programs.push_back(backend.record(body));
    programs.back()->run();
  }
  emulation::fail_call(0, cudaSuccess);
  std::vector<double> ignored;
  download_numbers(backend, kept.labels.back().view(), ignored);  // waits, while the programs are there
  return kept;
}

void check_all(Backend& backend, const Plan& plan, int channels, const Kept& kept) {
  const auto cpu = make_cpu_backend(1);
  for (std::size_t step = 0; step < steps; ++step) {
    const std::vector<Image> shown = plan.images_of(step, plan.all());
    const auto count = static_cast<std::int64_t>(shown.size());
    const Tensor wanted(*cpu, count, height, width, channels);
    cpu->augment(shown, plan.crops(step), wanted.view());
    std::vector<double> numbers, got, labels;
    download_numbers(*cpu, wanted.view(), numbers);
    download_numbers(backend, rows_of(kept.images[step].view(), count), got);
    download_numbers(backend, rows_of(kept.labels[step].view(), count), labels);
    BOOST_TEST_REQUIRE((got == numbers), "images of step " << step);  // exact in bf16 too: they are eight bits
    BOOST_TEST((labels == std::vector<double>(plan.labels(step).begin(), plan.labels(step).end())));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(feed, *boost::unit_test::label("threads"))

// Steps and copies as late as may be, or copies as early: a slot that is written too soon, or read, shows in the numbers.
BOOST_AUTO_TEST_CASE(batches_are_the_cpus_wherever_pixels_come_from_and_nobody_waits) {
  const Plan plan;
  for (const bool early : {false, true})
    for (const Type type : {Type::f32, Type::f16, Type::bf16})
      for (const int channels : {1, 3}) {
        emulation::set_early_copies(early);
        const auto backend = make_cuda_backend(0, type);
        const Table table(*backend, plan);
        check_all(*backend, plan, channels, take_all(*backend, plan, channels, nullptr));
        check_all(*backend, plan, channels, take_all(*backend, plan, channels, &table.all()));
        emulation::set_early_copies(false);
      }
}

BOOST_AUTO_TEST_CASE(a_feed_in_any_order_of_threads_gives_the_same) {
  const Plan plan;
  for (const auto order : {emulation::Order::forward, emulation::Order::reverse, emulation::Order::shuffled}) {
    emulation::set_order(order);
    const auto backend = make_cuda_backend(0);
    check_all(*backend, plan, 3, take_all(*backend, plan, 3, nullptr));
  }
  emulation::set_order(emulation::Order::forward);
}

// Wherever the runtime fails, it is an error, and what was under way ends.
BOOST_AUTO_TEST_CASE(failures_of_a_feed_are_errors) {
  const Plan plan;
  const auto backend = make_cuda_backend(0);
  const Table table(*backend, plan);
  const auto use = [&] {
    const auto feed = backend->feed({Type::f32, nullptr, images, height, width, 3}, 100);
    for (const std::size_t slot : {0u, 1u, 2u, 0u}) {
      feed->wait(slot);
      feed->make(slot, {plan.images_of(slot, table.all()), plan.crops(slot), plan.labels(slot)});
    }
  };
  for (const std::string function :
       {"cudaMallocHost", "cudaMalloc", "cudaStreamCreateWithFlags", "cudaEventCreateWithFlags", "cudaStreamWaitEvent",
        "cudaMemcpyAsync", "cudaEventRecord", "cudaLaunchKernel"})
    for (int call = 1, failed = 1; failed; ++call) {
      emulation::fail_call(call, cudaErrorMemoryAllocation, function);
      bool thrown = false;
      try {
        use();
      } catch (const Error&) {
        thrown = true;
      }
      failed = emulation::call_failed();
      emulation::fail_call(0, cudaSuccess);
      BOOST_TEST(thrown == (failed != 0), function << ", call " << call);
      BOOST_TEST((failed != 0 || call > 1), function << " is not called");
    }
}

BOOST_AUTO_TEST_SUITE_END()
