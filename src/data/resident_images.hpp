// Images that stay in the memory of a backend's device, shared by all its lanes and by whatever is trained or evaluated on
// them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "data/image_table.hpp"

namespace danas {

/// Which sets of images stay, within so many bytes: first come, first served, but none of more than half of them, so that a
/// large training set leaves room for the smaller ones that every system is measured on. One is uploaded when more is asked
/// for than every image of it once, in all so far, as that much takes as long from the host.
class Residency {
 public:
  explicit Residency(double bytes) : largest_(bytes / 2), left_(bytes) {}
  /// Each image of a set of so many bytes is about to be asked for `uses` times: whether they are on the device from now on.
  bool ask(const std::string& set, double bytes, double uses);

 private:
  struct Asked {
    double uses = 0;
    bool resident = false;
  };
  double largest_, left_;
  std::map<std::string, Asked> sets_;
};

/// All functions are thread-safe. Sets and backend must outlive this.
class ResidentImages {
 public:
  /// Images may take so many bytes of the memory of the backend's device; 0: none are uploaded.
  ResidentImages(const Backend& backend, double bytes) : backend_(backend), residency_(bytes) {}

  /// Of a set, each of whose images is about to be asked for `uses` times; null: they come from the host. Waits for an
  /// upload, whoever began it. Throws Error as ImageTable.
  const ImageTable* table(const ImageSet& set, double uses);
  /// Which sets stay, in the order of their coming: "train-125, 42.0 MiB".
  std::vector<std::string> sets();

 private:
  const Backend& backend_;
  std::mutex mutex_;
  Residency residency_;
  std::unique_ptr<Backend> lane_;  ///< for the tables alone: who asks may be any thread
  std::map<const ImageSet*, ImageTable> tables_;
  std::vector<std::string> names_;
};

}  // namespace danas
