#include "data/batch_pipeline.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include "base/cpus.hpp"
#include "base/error.hpp"
#include "data/resize.hpp"

namespace danas {

namespace {

constexpr std::size_t images_a_task = 8;

}  // namespace

BatchPipeline::BatchPipeline(const ImageSet& set, int resolution, int channels, BatchPlan plan, Workers workers,
                             Pixels pixels)
    : set_(set), plan_(std::move(plan)), pixels_(pixels), backend_(make_cpu_backend(1)), slots_(ring),
      most_workers_(static_cast<std::size_t>(workers.most > 0 ? workers.most : usable_cpus())), claimed_(plan_.first),
      next_(plan_.first) {
  if (resolution < 1 || plan_.largest < 1 || (channels != 1 && channels != 3))
    throw expected("loader", "a positive resolution and batch, and 1 or 3 channels",
                   std::to_string(resolution) + ", " + std::to_string(plan_.largest) + ", " + std::to_string(channels));
  try {
    for (Slot& slot : slots_) reserve(slot, resolution, channels);
    for (int i = 0; i < std::max(workers.first, 1); ++i) add_worker();
  } catch (...) {
    stop();
    throw;
  }
}

BatchPipeline::~BatchPipeline() { stop(); }

void BatchPipeline::reserve(Slot& slot, int resolution, int channels) {
  slot.buffers.resize(static_cast<std::size_t>(plan_.largest));
  slot.view = {Type::f32, nullptr, plan_.largest, resolution, resolution, channels};
  if (pixels_ == Pixels::prepared) slot.view.data = backend_->allocate(slot.view.bytes());
}

void BatchPipeline::add_worker() {
  workers_.emplace_back([this] { work(); });
}

void BatchPipeline::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  freed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  for (Slot& slot : slots_) backend_->release(slot.view.data);
}

Batch BatchPipeline::next() {
  std::unique_lock lock(mutex_);
  if (shown_) {  // the batch of the last call is given back
    slot_of(next_ - 1).ready = false;
    shown_ = false;
    freed_.notify_all();
  }
  if (next_ >= plan_.last) {
    Batch end;
    end.images.n = 0;
    return end;
  }
  Slot& slot = slot_of(next_);
  if (!slot.ready && next_ > plan_.first + 1 && workers_.size() < most_workers_) try {
      add_worker();
    } catch (const std::system_error&) {
      most_workers_ = workers_.size();  // slower, but it goes on
    }
  filled_.wait(lock, [&] { return slot.ready; });
  if (slot.failure) std::rethrow_exception(slot.failure);  // stays: every later call fails the same way
  ++next_;
  shown_ = true;
  View view = slot.view;
  view.n = static_cast<std::int64_t>(slot.labels.size());
  return {view, {Type::i32, slot.labels.data(), view.n, 1, 1, 1}, set_.classes()};
}

PlannedBatch BatchPipeline::planned() const {
  const Slot& slot = slots_[static_cast<std::size_t>(next_ - 1) % slots_.size()];
  return {slot.indices, slot.images, slot.crops};
}

// A batch may be claimed while its slot is free: all those before it in the ring have been read.
bool BatchPipeline::may_claim() const {
  const std::int64_t oldest = shown_ ? next_ - 1 : next_;
  return claimed_ < plan_.last && claimed_ < oldest + static_cast<std::int64_t>(ring);
}

BatchPipeline::Task BatchPipeline::claim() {
  Slot& slot = slot_of(claimed_);
  if (claimed_images_ == 0) {
    slot.failure = nullptr;
    slot.indices.clear();
    plan_.choose(claimed_, slot.indices);
    const std::size_t count = slot.indices.size();
    slot.labels.resize(count);
    slot.images.resize(count);
    slot.crops.resize(count);
    slot.left = count;
  }
  const std::size_t end = std::min(claimed_images_ + images_a_task, slot.indices.size());
  const Task task{&slot, claimed_, claimed_images_, end};
  claimed_images_ = end;
  if (end == slot.indices.size()) {
    ++claimed_;
    claimed_images_ = 0;
  }
  return task;
}

void BatchPipeline::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    freed_.wait(lock, [&] { return stopping_ || may_claim() || claimed_ >= plan_.last; });
    if (stopping_ || claimed_ >= plan_.last) return;
    const Task task = claim();
    lock.unlock();
    std::exception_ptr failure;
    try {
      fill(task);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure && !task.slot->failure) task.slot->failure = failure;
    task.slot->left -= task.end - task.begin;
    if (task.slot->left > 0) continue;
    task.slot->ready = true;
    filled_.notify_all();
  }
}

void BatchPipeline::fill(const Task& task) const {
  Slot& slot = *task.slot;
  for (std::size_t i = task.begin; i < task.end; ++i) {
    const ImageSet::Item item = set_.item(slot.indices[i], slot.buffers[i]);
    slot.images[i] = item.image;
    if (item.label < 0 || item.label >= set_.classes())
      throw expected("loader", "labels from 0 to " + std::to_string(set_.classes() - 1), std::to_string(item.label));
    slot.indices[i] = item.index;
    slot.labels[i] = item.label;
    slot.crops[i] = plan_.crop(item.image, task.batch, static_cast<std::int64_t>(i));
  }
  if (pixels_ == Pixels::planned) return;
  const std::size_t count = task.end - task.begin;
  View out = slot.view;
  out.data = out.as<float>() + static_cast<std::int64_t>(task.begin) * out.h * out.w * out.c;
  out.n = static_cast<std::int64_t>(count);
  serial_backend().augment(std::span(slot.images).subspan(task.begin, count),
                           std::span(slot.crops).subspan(task.begin, count), out);
}

}  // namespace danas
