#include "cubin.hpp"

#include <cxxabi.h>
#include <elf.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "base/error.hpp"

namespace danas::test {
namespace {

// Attributes of .nv.info, as cuobjdump prints them: EIATTR_FRAME_SIZE, EIATTR_REGCOUNT of a symbol, and in the section of a
// kernel EIATTR_MAX_THREADS.
constexpr std::uint8_t frame_size = 0x11, register_count = 0x2f, thread_limit = 0x05, with_bytes = 4;

template <class T>
T at(const std::string& bytes, std::size_t offset) {
  T value;
  if (offset + sizeof value > bytes.size()) throw Error("cubin", "expected a whole file, got one that ends early");
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Section {
  std::string name, bytes;
  Elf64_Shdr header;
};

std::vector<Section> sections_of(const std::string& file) {
  const auto header = at<Elf64_Ehdr>(file, 0);
  std::vector<Section> sections;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const auto each = at<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr));
    sections.push_back({"", each.sh_type == SHT_NOBITS ? "" : file.substr(each.sh_offset, each.sh_size), each});
  }
  const std::string names = sections.at(header.e_shstrndx).bytes;
  for (Section& section : sections) section.name = names.substr(section.header.sh_name).c_str();
  return sections;
}

struct Attribute {
  std::uint8_t kind;
  std::vector<std::uint32_t> words;
};

std::vector<Attribute> attributes_of(const Section& section) {
  std::vector<Attribute> attributes;
  for (std::size_t offset = 0; offset + 4 <= section.bytes.size();) {
    const auto format = at<std::uint8_t>(section.bytes, offset), kind = at<std::uint8_t>(section.bytes, offset + 1);
    const auto size = at<std::uint16_t>(section.bytes, offset + 2);
    offset += 4;
    if (format != with_bytes) continue;
    Attribute& attribute = attributes.emplace_back(Attribute{kind, {}});
    for (std::size_t word = 0; word + 4 <= size; word += 4)
      attribute.words.push_back(at<std::uint32_t>(section.bytes, offset + word));
    offset += size;
  }
  return attributes;
}

/// "void danas::cuda::f<…>(…)" without what it returns and takes.
std::string demangled(const std::string& mangled) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), &std::free);
  std::string name = text ? text.get() : mangled;
  if (name.starts_with("void ")) name.erase(0, 5);
  return name.substr(0, name.find('('));
}

/// Of sm_70 to sm_90: an instruction has 128 bits, the lowest twelve say which, three of the upper word how wide.
std::map<std::string, int> instructions_of(const std::string& code) {
  static const std::map<unsigned, std::string> memory{{0x981, "LDG"}, {0x381, "LDG"}, {0x986, "STG"}, {0x386, "STG"},
                                                      {0x984, "LDS"}, {0x388, "STS"}, {0x988, "STS"}, {0x983, "LDL"},
                                                      {0x387, "STL"}, {0x987, "STL"}};
  static const std::map<unsigned, std::string> others{
      {0x236, "HMMA"}, {0x23c, "HMMA"}, {0x223, "FFMA"}, {0xb1d, "BAR"}};
  static const char* const widths[] = {"8", "8", "16", "16", "32", "64", "128", "?"};
  std::map<std::string, int> counts;
  for (std::size_t offset = 0; offset + 16 <= code.size(); offset += 16) {
    const auto low = at<std::uint64_t>(code, offset), high = at<std::uint64_t>(code, offset + 8);
    const auto operation = static_cast<unsigned>(low & 0xfff);
    if (const auto found = memory.find(operation); found != memory.end())
      ++counts[found->second + '.' + widths[high >> 9 & 7]];
    else if (const auto other = others.find(operation); other != others.end()) ++counts[other->second];
  }
  return counts;
}

}  // namespace

Cubin read_cubin(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!bytes.starts_with(ELFMAG)) throw expected(file.string(), "an ELF file", "another");
  Cubin cubin;
  // Toolkits before 13 and since keep the architecture in other bits.
  const auto flags = at<Elf64_Ehdr>(bytes, 0).e_flags;
  const auto low = static_cast<int>(flags & 0xff), high = static_cast<int>(flags >> 8 & 0xff);
  cubin.architecture = high >= 70 && high <= 130 ? high : low;
  const std::vector<Section> sections = sections_of(bytes);
  const auto section = [&](const std::string& name) -> const Section* {
    for (const Section& each : sections)
      if (each.name == name) return &each;
    return nullptr;
  };
  const Section* const symbols = section(".symtab");
  const Section* const names = section(".strtab");
  const auto symbol_name = [&](std::uint32_t number) {
    return std::string(names->bytes.substr(at<Elf64_Sym>(symbols->bytes, number * sizeof(Elf64_Sym)).st_name).c_str());
  };
  for (const Section& text : sections) {
    if (!text.name.starts_with(".text.")) continue;
    const std::string mangled = text.name.substr(6);
    const Section* const own = section(".nv.info." + mangled);
    if (!own) continue;  // a function that kernels call
    KernelCode kernel{.name = demangled(mangled), .instructions = {}};
    if (const Section* const shared = section(".nv.shared." + mangled))
      kernel.shared_bytes = static_cast<int>(shared->header.sh_size);
    for (const Attribute& each : attributes_of(*section(".nv.info")))
      if (each.words.size() == 2 && (each.kind == frame_size || each.kind == register_count) &&
          symbol_name(each.words[0]) == mangled)
        (each.kind == frame_size ? kernel.stack_bytes : kernel.registers) = static_cast<int>(each.words[1]);
    for (const Attribute& each : attributes_of(*own))
      if (each.kind == thread_limit && each.words.size() == 3)
        kernel.most_threads = static_cast<int>(each.words[0] * each.words[1] * each.words[2]);
    if (cubin.architecture <= 90) kernel.instructions = instructions_of(text.bytes);
    cubin.kernels.push_back(std::move(kernel));
  }
  return cubin;
}

}  // namespace danas::test
