#include "nas/lanes.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

namespace danas {

namespace {

constexpr std::chrono::milliseconds between_reports{100};
constexpr std::size_t ahead = 4;  // pieces a lane begun beyond the first unended one: their results wait in memory

class Lanes {
 public:
  Lanes(Backend& backend, int lanes, double budget, const LaneWork& work, const std::vector<double>& bytes)
      : work_(work), budget_(budget), window_(ahead * static_cast<std::size_t>(lanes)), pieces_(work.count) {
    for (std::size_t i = 0; i < pieces_.size(); ++i) pieces_[i].bytes = bytes[i];
    const int share = backend.threads() / lanes, more = backend.threads() % lanes;
    for (int lane = 0; lane < lanes; ++lane) backends_.push_back(backend.lane(std::max(share + (lane < more), 1)));
    idle_ = backends_.size();
  }

  ~Lanes() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
      handed_.clear();
    }
    wake_lanes_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  void run() {
    for (const auto& backend : backends_) threads_.emplace_back([this, &lane = *backend] { serve(lane); });
    for (begin_more(); idle_ < backends_.size(); begin_more()) {
      wait();
      end_finished();
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  enum class State { waiting, running, finished };
  struct Piece {
    State state = State::waiting;
    double bytes = 0;
    std::exception_ptr failure;
  };

  // Where there is to be no more, gaps before what was begun are filled still: ends come in order.
  std::size_t horizon() const {
    if (failure_ || work_.interrupted()) return 0;
    return work_.stop() ? begun_to_ : std::min(ended_ + window_, pieces_.size());
  }

  // The largest waiting piece whose memory fits beside that of the others: small ones fill the gaps at the end.
  std::optional<std::size_t> next_piece() const {
    const std::size_t last = horizon();
    std::optional<std::size_t> best;
    for (std::size_t i = ended_; i < last; ++i) {
      const Piece& piece = pieces_[i];
      if (piece.state != State::waiting || (used_ > 0 && used_ + piece.bytes > budget_)) continue;
      if (!best || piece.bytes > pieces_[*best].bytes) best = i;
    }
    return best;
  }

  void begin_more() {
    while (idle_ > 0) {
      const std::optional<std::size_t> next = next_piece();
      if (!next) return;
      work_.begin(*next);
      Piece& piece = pieces_[*next];
      piece.state = State::running;
      begun_to_ = std::max(begun_to_, *next + 1);
      used_ += piece.bytes;
      --idle_;
      {
        const std::lock_guard lock(mutex_);
        handed_.push_back(*next);
      }
      wake_lanes_.notify_one();
    }
  }

  void wait() {
    std::unique_lock lock(mutex_);
    if (!wake_caller_.wait_for(lock, between_reports, [&] { return !returned_.empty(); })) {
      lock.unlock();
      return work_.tell();
    }
    for (const std::size_t i : returned_) {
      Piece& piece = pieces_[i];
      piece.state = State::finished;
      used_ -= piece.bytes;
      ++idle_;
      if (!piece.failure || i > failed_) continue;
      failed_ = i;
      failure_ = piece.failure;
    }
    returned_.clear();
    if (idle_ == backends_.size()) used_ = 0;  // whatever was lost in rounding
  }

  void end_finished() {
    const std::size_t last = std::min(begun_to_, failed_);
    for (; ended_ < last && pieces_[ended_].state == State::finished; ++ended_) work_.end(ended_);
  }

  void serve(Backend& lane) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_lanes_.wait(lock, [&] { return closing_ || !handed_.empty(); });
      if (handed_.empty()) return;
      const std::size_t i = handed_.back();
      handed_.pop_back();
      lock.unlock();
      try {
        work_.run(i, lane, [] {});
      } catch (...) {
        pieces_[i].failure = std::current_exception();
      }
      lock.lock();
      returned_.push_back(i);
      wake_caller_.notify_one();
    }
  }

  const LaneWork& work_;
  double budget_;
  std::size_t window_;
  std::vector<Piece> pieces_;
  std::vector<std::unique_ptr<Backend>> backends_;
  // Of the calling thread alone.
  std::size_t idle_ = 0, ended_ = 0, begun_to_ = 0;
  std::size_t failed_ = std::numeric_limits<std::size_t>::max();  ///< the first piece that did
  double used_ = 0;                                               ///< bytes of those running
  std::exception_ptr failure_;
  // Between it and the lanes.
  std::mutex mutex_;
  std::condition_variable wake_lanes_, wake_caller_;
  std::vector<std::size_t> handed_, returned_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

void run_alone(Backend& backend, const LaneWork& work) {
  for (std::size_t i = 0; i < work.count && !work.stop() && !work.interrupted(); ++i) {
    work.begin(i);
    work.run(i, backend, work.tell);
    work.end(i);
  }
}

// So many that their pieces fit at a time, the average one taken for each.
int lanes_that_pay(int most, double budget, const std::vector<double>& bytes) {
  const double average = std::accumulate(bytes.begin(), bytes.end(), 0.0) / static_cast<double>(bytes.size());
  return average * most <= budget ? most : std::max(static_cast<int>(budget / average), 1);
}

}  // namespace

void run_in_lanes(Backend& backend, std::optional<int> lanes, double budget, const LaneWork& work) {
  const auto wanted = static_cast<std::size_t>(lanes.value_or(backend.threads()));
  const int most = static_cast<int>(std::min(wanted, work.count));
  if (most <= 1) return run_alone(backend, work);
  std::vector<double> bytes;  // counting a piece takes a while
  for (std::size_t i = 0; i < work.count; ++i) bytes.push_back(work.bytes(i));
  const int count = lanes ? most : lanes_that_pay(most, budget, bytes);
  if (count == 1) return run_alone(backend, work);
  Lanes(backend, count, lanes ? std::numeric_limits<double>::infinity() : budget, work, bytes).run();
}

}  // namespace danas
