// Build tool: writes a .cpp that holds the given files, and the function that a header declares to find them by name.
// embed OUT.cpp HEADER FUNCTION FILE…
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace {

// Pieces of a literal stay short enough for any compiler; octal escapes never swallow what follows them.
void write_literal(std::ostream& out, const std::string& content) {
  constexpr std::size_t line = 100;
  for (std::size_t begin = 0; begin < content.size(); begin += line) {
    out << "\n    \"";
    for (const char c : content.substr(begin, line)) {
      const unsigned byte = static_cast<unsigned char>(c);
      const bool plain = byte >= 32 && byte < 127 && c != '"' && c != '\\' && c != '?';
      char octal[8];
      std::snprintf(octal, sizeof octal, "\\%03o", byte);
      if (plain) out << c;
      else out << octal;
    }
    out << '"';
  }
  if (content.empty()) out << "\"\"";
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5) {
    std::cerr << "usage: embed OUT.cpp HEADER FUNCTION FILE…\n";
    return 2;
  }
  std::ofstream out(arguments[1]);
  out << "#include \"" << arguments[2] << "\"\n\nstd::string_view " << arguments[3] << "(std::string_view name) {\n";
  for (int i = 4; i < count; ++i) {
    std::ifstream file(arguments[i], std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    if (!file || content.empty()) {
      std::cerr << "embed: cannot read " << arguments[i] << '\n';
      return 1;
    }
    out << "  if (name == \"" << std::filesystem::path(arguments[i]).filename().string() << "\") {\n"
        << "    static constexpr char content[] =";
    write_literal(out, content);
    out << ";\n    return {content, sizeof content - 1};\n  }\n";
  }
  out << "  return {};\n}\n";
  out.close();
  return out ? 0 : 1;
}
