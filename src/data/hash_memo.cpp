#include "data/hash_memo.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"

namespace danas {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "danas hashes 1\n\n";
constexpr std::size_t header = magic.size() + sizeof(std::uint64_t);  // then the hash of what follows
constexpr std::size_t most_bytes = std::size_t{1} << 32;

bool by_name(const RememberedHash& a, const RememberedHash& b) { return a.name < b.name; }

std::vector<RememberedHash> parse(std::string_view content) {
  if (content.size() < header || !content.starts_with(magic)) return {};
  const std::string_view body = content.substr(header);
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, content.data() + magic.size(), sizeof checksum);
  if (body.size() % sizeof(RememberedHash) != 0 || hash_bytes(body.data(), body.size()) != checksum) return {};
  std::vector<RememberedHash> hashes(body.size() / sizeof(RememberedHash));
  if (!body.empty()) std::memcpy(hashes.data(), body.data(), body.size());
  return hashes;
}

}  // namespace

HashMemo::HashMemo(fs::path path) : path_(std::move(path)) {
  std::error_code ignored;
  if (!fs::is_regular_file(path_, ignored)) return;  // a pipe might never end
  try {
    hashes_ = parse(read_file(path_, most_bytes));
    fs::last_write_time(path_, fs::file_time_type::clock::now(), ignored);  // its last use, for `danas data --prune`
  } catch (const Error&) {                                                  // what cannot be read is made anew
  }
}

const RememberedHash* HashMemo::find(std::uint64_t name) const {
  const auto found = std::lower_bound(hashes_.begin(), hashes_.end(), RememberedHash{name, 0, 0, 0}, by_name);
  return found != hashes_.end() && found->name == name ? &*found : nullptr;
}

void HashMemo::add(std::vector<RememberedHash> fresh) {
  if (path_.empty() || fresh.empty()) return;
  fresh.insert(fresh.end(), hashes_.begin(), hashes_.end());
  std::stable_sort(fresh.begin(), fresh.end(), by_name);
  fresh.erase(std::unique(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) { return a.name == b.name; }),
              fresh.end());
  hashes_ = std::move(fresh);
  const std::size_t bytes = hashes_.size() * sizeof(RememberedHash);
  const std::uint64_t checksum = hash_bytes(hashes_.data(), bytes);
  std::string content(magic);
  content.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  content.append(reinterpret_cast<const char*>(hashes_.data()), bytes);
  try {
    make_folder(path_.parent_path());
    write_file(path_, content);
  } catch (const Error&) {  // the next time takes as long as this one
  }
}

}  // namespace danas
