#include "data/batch_pipeline.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include "base/cpus.hpp"
#include "base/error.hpp"
#include "data/resize.hpp"

namespace danas {

namespace {

// What travels with a batch at most.
std::size_t staged_bytes(const ImageSet& set, std::int64_t images, const Destination& to) {
  return to.table != nullptr ? 0 : static_cast<std::size_t>(images) * set.preparation().largest_crop_bytes();
}

}  // namespace

BatchPipeline::BatchPipeline(const ImageSet& set, const Extent& input, BatchPlan plan, Workers workers, Destination to)
    : set_(set), plan_(std::move(plan)), table_(to.table),
      most_workers_(static_cast<std::size_t>(workers.most > 0 ? workers.most : usable_cpus())), claimed_(plan_.first),
      next_(plan_.first) {
  if (input.height < 1 || input.width < 1 || plan_.largest < 1 || (input.channels != 1 && input.channels != 3))
    throw expected("loader", "a positive size and batch, and 1 or 3 channels",
                   std::to_string(input.height) + " × " + std::to_string(input.width) + ", " +
                       std::to_string(plan_.largest) + ", " + std::to_string(input.channels));
  const View images{Type::f32, nullptr, plan_.largest, input.height, input.width, input.channels};
  try {
    if (to.backend == nullptr || to.backend->host_memory()) reserve(images);
    else feed_ = to.backend->feed(images, staged_bytes(set, plan_.largest, to));
    for (int i = 0; i < std::max(workers.first, 1); ++i) add_worker();
  } catch (...) {
    stop();
    throw;
  }
}

BatchPipeline::~BatchPipeline() { stop(); }

void BatchPipeline::reserve(const View& images) {
  memory_ = make_cpu_backend(1);
  for (Slot& slot : slots_) slot.view = images.with_data(memory_->allocate(images.bytes()));
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
  if (memory_)
    for (Slot& slot : slots_) memory_->release(slot.view.data);
}

Batch BatchPipeline::next() {
  if (shown_ && feed_) feed_->wait(place_of(next_ - 1));
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
  shown_ = true;
  const std::size_t place = place_of(next_++);  // this thread's until the next call
  lock.unlock();
  return taken(place);
}

Batch BatchPipeline::taken(std::size_t place) {
  Slot& slot = slots_[place];
  Batch batch;
  if (feed_) {
    batch = feed_->make(place, {slot.images, slot.crops, slot.labels});
  } else {
    batch.images = slot.view;
    batch.images.n = static_cast<std::int64_t>(slot.labels.size());
    batch.labels = {Type::i32, slot.labels.data(), batch.images.n, 1, 1, 1};
  }
  batch.classes = set_.classes();
  return batch;
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
    slot.staged = 0;
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
  Buffers buffers;
  std::unique_lock lock(mutex_);
  for (;;) {
    freed_.wait(lock, [&] { return stopping_ || may_claim() || claimed_ >= plan_.last; });
    if (stopping_ || claimed_ >= plan_.last) return;
    Task task{};
    try {
      task = claim();
    } catch (...) {  // no memory for the batch: it is as far as this gets
      Slot& slot = slot_of(claimed_);
      slot.failure = std::current_exception();
      slot.ready = true;
      claimed_ = plan_.last;
      filled_.notify_all();
      return;
    }
    lock.unlock();
    std::exception_ptr failure;
    try {
      fill(task, buffers);
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

void BatchPipeline::fill(const Task& task, Buffers& buffers) {
  plan(task, buffers);
  if (!feed_) prepare(task);
  else if (table_ == nullptr) stage_pixels(task);
}

void BatchPipeline::plan(const Task& task, Buffers& buffers) const {
  Slot& slot = *task.slot;
  for (std::size_t i = task.begin; i < task.end; ++i) {
    ImageSet::Item item =
        table_ != nullptr ? set_.outline(slot.indices[i]) : set_.item(slot.indices[i], buffers[i - task.begin]);
    if (item.label < 0 || item.label >= set_.classes())
      throw expected("loader", "labels from 0 to " + std::to_string(set_.classes() - 1), std::to_string(item.label));
    slot.images[i] = table_ != nullptr ? table_->image(item.index) : item.image;
    slot.labels[i] = item.label;
    slot.crops[i] = plan_.crop(item.image, task.batch, static_cast<std::int64_t>(i));
  }
}

// Where in the batch's memory they lie depends on who comes first, what becomes of them does not.
void BatchPipeline::stage_pixels(const Task& task) {
  Slot& slot = *task.slot;
  const std::span<std::uint8_t> staging = feed_->staging(static_cast<std::size_t>(task.slot - slots_.data()));
  for (std::size_t i = task.begin; i < task.end; ++i) {
    const std::size_t bytes = bytes_of(slot.images[i], slot.crops[i]), first = slot.staged.fetch_add(bytes);
    if (first + bytes > staging.size())
      throw expected("loader", "crops of at most " + std::to_string(staging.size()) + " bytes in a batch",
                     std::to_string(first + bytes), Fault::failure);
    stage(slot.images[i], slot.crops[i], staging.data() + first);
  }
}

void BatchPipeline::prepare(const Task& task) const {
  const Slot& slot = *task.slot;
  const std::size_t count = task.end - task.begin;
  View out = slot.view;
  out.data = out.as<float>() + static_cast<std::int64_t>(task.begin) * out.h * out.w * out.c;
  out.n = static_cast<std::int64_t>(count);
  serial_backend().augment(std::span(slot.images).subspan(task.begin, count),
                           std::span(slot.crops).subspan(task.begin, count), out);
}

}  // namespace danas
