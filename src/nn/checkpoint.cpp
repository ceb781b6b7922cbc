#include "nn/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/hash.hpp"

namespace danas {

namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors holds little-endian numbers");

constexpr std::size_t length_bytes = 8;
constexpr std::size_t most_header_bytes = 16 << 20;  // some 100 bytes a tensor; what is parsed takes far more memory
constexpr const char* metadata_key = "__metadata__";
constexpr const char* checksum_key = "checksum";

const char* type_name(Type type) { return type == Type::f64 ? "F64" : "F32"; }

// Of the header without its checksum, as nlohmann-json writes it (keys in order), and of the data.
std::string checksum(Json header, std::string_view data) {
  if (header.contains(metadata_key)) header[metadata_key].erase(checksum_key);
  return hash_text(fnv1a(data, fnv1a(header.dump())));
}

std::size_t product(const std::vector<std::int64_t>& shape) {
  std::size_t size = 1;
  for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
  return size;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t extent : shape) text.append(text.size() > 1 ? "," : "").append(std::to_string(extent));
  return text + "]";
}

// Reads the header of a hostile file.
class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& path, std::string_view content) : file_(path.string()), content_(content) {}

  // The header; data_begin() is known afterward.
  Json read() {
    std::uint64_t length = 0;
    if (content_.size() < length_bytes) throw bad("a header", std::to_string(content_.size()) + " bytes");
    std::memcpy(&length, content_.data(), length_bytes);
    if (length > most_header_bytes || length > content_.size() - length_bytes) {
      throw bad("a header within the file",
                std::to_string(length) + " bytes of header in a file of " + std::to_string(content_.size()) + " bytes");
    }
    data_begin_ = length_bytes + static_cast<std::size_t>(length);
    Json header = Json::parse(content_.substr(length_bytes, length), nullptr, false);
    if (!header.is_object()) throw bad("a JSON object as header", "something else");
    return header;
  }

  std::size_t data_begin() const { return data_begin_; }

  Metadata metadata(const Json& header) const {
    Metadata metadata;
    if (!header.contains(metadata_key)) return metadata;
    const Json& entries = header[metadata_key];
    if (!entries.is_object()) throw bad("an object as __metadata__", entries.type_name());
    for (const auto& [key, value] : entries.items()) {
      if (!value.is_string()) throw bad("text as metadata " + key, value.type_name());
      metadata[key] = value.get<std::string>();
    }
    return metadata;
  }

  Type type(const std::string& name, const Json& tensor) const {
    const auto found = tensor.find("dtype");
    if (found != tensor.end() && *found == "F32") return Type::f32;
    if (found != tensor.end() && *found == "F64") return Type::f64;
    throw bad("F32 or F64 as dtype of " + name, found == tensor.end() || !found->is_string() ? "none" : found->dump());
  }

  // An array of whole numbers from 0 to the number of bytes in the file.
  std::vector<std::int64_t> numbers(const std::string& name, const Json& tensor, const char* key) const {
    const auto found = tensor.find(key);
    if (found == tensor.end() || !found->is_array()) throw bad(std::string(key) + " of " + name, "none");
    if (found->size() > 8) throw bad("at most 8 " + std::string(key) + " of " + name, std::to_string(found->size()));
    std::vector<std::int64_t> values;
    for (const Json& each : *found) {
      if (!each.is_number_unsigned() || each.get<std::uint64_t>() > content_.size()) {
        throw bad(std::string(key) + " of " + name + " within the file", each.is_number() ? each.dump() : "no number");
      }
      values.push_back(each.get<std::int64_t>());
    }
    return values;
  }

  Error bad(const std::string& what, const std::string& got) const { return expected(file_, what, got); }

 private:
  std::string file_;
  std::string_view content_;
  std::size_t data_begin_ = 0;
};

// Bytes of a tensor of this shape; more than any file where the product overflows.
std::size_t bytes_of_shape(const std::vector<std::int64_t>& shape, Type type) {
  std::size_t bytes = bytes_of(type);
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(extent), &bytes)) {
      return std::numeric_limits<std::size_t>::max();
    }
  }
  return bytes;
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Network& network, const Metadata& metadata,
                     const std::vector<NamedWeight>& extra) {
  std::vector<NamedWeight> weights = network.weights();
  weights.insert(weights.end(), extra.begin(), extra.end());
  Json header = Json::object();
  std::string data;
  for (const NamedWeight& weight : weights) {
    const std::size_t begin = data.size();
    data.resize(begin + weight.view.bytes());
    network.backend().download(weight.view, data.data() + begin);
    header[weight.name] = {
        {"dtype", type_name(weight.view.type)}, {"shape", weight.shape}, {"data_offsets", {begin, data.size()}}};
  }
  header[metadata_key] = metadata;
  std::string text;
  try {
    header[metadata_key][checksum_key] = checksum(header, data);
    text = header.dump();
  } catch (const Json::exception&) {
    throw expected(path.string(), "metadata in UTF-8", "other bytes");
  }
  text.append((length_bytes - text.size() % length_bytes) % length_bytes, ' ');
  const std::uint64_t length = text.size();
  std::string content(length_bytes, '\0');
  std::memcpy(content.data(), &length, length_bytes);
  write_file(path, content + text + data);
}

Checkpoint::Checkpoint(const std::filesystem::path& path) : path_(path), content_(read_file(path)) {
  HeaderReader reader(path, content_);
  try {
    const Json header = reader.read();
    metadata_ = reader.metadata(header);
    const std::size_t data_size = content_.size() - reader.data_begin();
    std::vector<std::array<std::size_t, 2>> ranges;
    for (const auto& [name, tensor] : header.items()) {
      if (name == metadata_key) continue;
      if (!tensor.is_object()) throw reader.bad("an object as tensor " + name, tensor.type_name());
      // Whatever else is there could be nested deeper than the library can copy.
      if (tensor.size() != 3)
        throw reader.bad("dtype, shape and data_offsets of " + name, std::to_string(tensor.size()) + " keys");
      const Type type = reader.type(name, tensor);
      std::vector<std::int64_t> shape = reader.numbers(name, tensor, "shape");
      const std::vector<std::int64_t> offsets = reader.numbers(name, tensor, "data_offsets");
      if (offsets.size() != 2 || offsets[0] > offsets[1] || static_cast<std::size_t>(offsets[1]) > data_size) {
        throw reader.bad("data of " + name + " within " + std::to_string(data_size) + " bytes", shape_text(offsets));
      }
      const auto begin = static_cast<std::size_t>(offsets[0]), end = static_cast<std::size_t>(offsets[1]);
      if (bytes_of_shape(shape, type) != end - begin) {
        throw reader.bad("data of " + name + " for shape " + shape_text(shape), std::to_string(end - begin) + " bytes");
      }
      ranges.push_back({begin, end});
      entries_[name] = {std::move(shape), type, reader.data_begin() + begin, reader.data_begin() + end};
    }
    // Without gaps and overlaps, as the format demands.
    std::sort(ranges.begin(), ranges.end());
    std::size_t end = 0;
    for (const auto& range : ranges) {
      if (range[0] != end)
        throw reader.bad("tensors one after another", "a gap or overlap at byte " + std::to_string(end));
      end = range[1];
    }
    if (end != data_size) throw reader.bad(std::to_string(end) + " bytes of data", std::to_string(data_size));
    if (!metadata_.contains(checksum_key)) throw reader.bad("the checksum that danas writes", "none");
    if (metadata_[checksum_key] != checksum(header, std::string_view(content_).substr(reader.data_begin()))) {
      throw reader.bad("the data that was saved", "another checksum: the file was altered");
    }
  } catch (const Json::exception& error) {
    throw reader.bad("a safetensors header", error.what());
  }
}

const Metadata& Checkpoint::metadata() const { return metadata_; }

const Checkpoint::Entry& Checkpoint::find(const NamedWeight& weight) const {
  const auto found = entries_.find(weight.name);
  if (found == entries_.end()) throw expected(path_.string(), "tensor " + weight.name, "none");
  const Entry& entry = found->second;
  if (entry.shape != weight.shape) {
    throw expected(path_.string(), "shape " + shape_text(weight.shape) + " of " + weight.name, shape_text(entry.shape));
  }
  return entry;
}

void Checkpoint::load(const Network& network, const std::vector<NamedWeight>& extra) const {
  std::vector<NamedWeight> weights = network.weights();
  weights.insert(weights.end(), extra.begin(), extra.end());
  for (const NamedWeight& weight : weights) check_values(weight.name, find(weight));
  for (const NamedWeight& weight : weights) {
    const Entry& entry = find(weight);
    if (entry.type == weight.view.type) {
      network.backend().upload(content_.data() + entry.begin, weight.view);
      continue;
    }
    std::vector<double> numbers(product(entry.shape));
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = value(entry, i);
    upload_numbers(network.backend(), numbers, weight.view);
  }
}

double Checkpoint::value(const Entry& entry, std::size_t index) const {
  const char* const data = content_.data() + entry.begin;
  if (entry.type == Type::f64) {
    double number = 0;
    std::memcpy(&number, data + index * sizeof number, sizeof number);
    return number;
  }
  float number = 0;
  std::memcpy(&number, data + index * sizeof number, sizeof number);
  return number;
}

void Checkpoint::check_values(const std::string& name, const Entry& entry) const {
  const double least = name.ends_with(".running_var") ? 0 : -std::numeric_limits<double>::max();
  for (std::size_t i = 0; i < product(entry.shape); ++i) {
    const double number = value(entry, i);
    if (std::isfinite(number) && number >= least) continue;
    throw expected(path_.string(), std::string(least == 0 ? "variances" : "finite numbers") + " in " + name,
                   std::to_string(number));
  }
}

}  // namespace danas
