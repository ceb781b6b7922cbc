// PDF 1.4 (ISO 32000-1): one page, one uncompressed stream of drawing, the standard fonts Helvetica and Helvetica-Bold, which
// every reader has.
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

#include "base/utf8.hpp"
#include "report/drawing.hpp"

namespace danas::report {

namespace {

// Widths of Helvetica's letters from 32 to 126, in thousandths (Adobe's font metrics).
constexpr short widths[] = {278,  278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
                            556,  556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
                            1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
                            667,  778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
                            333,  556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
                            556,  556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584};
constexpr double other_width = 556;

// In the encoding of the standard fonts, whose letters from 160 to 255 are those of Latin 1.
std::string latin(std::string_view text) {
  std::string result;
  const std::string valid = valid_utf8(text);
  for (std::size_t i = 0; i < valid.size();) {
    const auto first = static_cast<unsigned char>(valid[i]);
    const std::size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    std::uint32_t code = bytes == 1 ? first : first & (0xffU >> (bytes + 1));
    for (std::size_t k = 1; k < bytes; ++k) code = code << 6 | (static_cast<unsigned char>(valid[i + k]) & 0x3fU);
    i += bytes;
    if (code == 0x202f || code == 0xa0) code = ' ';
    if (code == 0x2013) code = 0x96;  // a dash between numbers
    result += code < 0x100 && (code >= 0x20) ? static_cast<char>(code) : '?';
  }
  return result;
}

// As a string of PDF.
std::string quoted(const std::string& letters) {
  std::string text = "(";
  for (const char letter : letters) {
    if (letter == '(' || letter == ')' || letter == '\\') text += '\\';
    text += letter;
  }
  return text + ")";
}

// "0.2 0.4 1".
std::string color_text(const std::string& color) {
  const auto part = [&](std::size_t at) { return std::stoi(color.substr(at, 2), nullptr, 16) / 255.0; };
  return fmt::format("{:.3f} {:.3f} {:.3f}", part(1), part(3), part(5));
}

class PdfDrawing : public Drawing {
 public:
  PdfDrawing(double width, double height, const std::string& title) : width_(width), height_(height), title_(title) {}

  void shape(const std::vector<Place>& places, bool closed, const Paint& paint, const std::string&) override {
    begin(paint);
    for (std::size_t i = 0; i < places.size(); ++i)
      stream_ += fmt::format("{:.2f} {:.2f} {}\n", places[i].x, height_ - places[i].y, i == 0 ? "m" : "l");
    if (closed) stream_ += "h\n";
    end(paint);
  }

  // Four Bézier curves.
  void circle(Place center, double radius, const Paint& paint, const std::string&) override {
    const double k = 0.5523 * radius, x = center.x, y = height_ - center.y;
    begin(paint);
    stream_ += fmt::format("{:.2f} {:.2f} m\n", x + radius, y);
    const auto curve = [&](double x1, double y1, double x2, double y2, double x3, double y3) {
      stream_ +=
          fmt::format("{:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} c\n", x + x1, y + y1, x + x2, y + y2, x + x3, y + y3);
    };
    curve(radius, k, k, radius, 0, radius);
    curve(-k, radius, -radius, k, -radius, 0);
    curve(-radius, -k, -k, -radius, 0, -radius);
    curve(k, -radius, radius, -k, radius, 0);
    stream_ += "h\n";
    end(paint);
  }

  void text(Place at, std::string_view content, const Lettering& lettering) override {
    const double width = text_width(content);
    const double shift = lettering.anchor == Anchor::start ? 0 : lettering.anchor == Anchor::middle ? width / 2 : width;
    stream_ +=
        fmt::format("{} rg\nBT /{} {:g} Tf {:.2f} {:.2f} Td {} Tj ET\n", color_text(lettering.color),
                    lettering.bold ? "F2" : "F1", font_size, at.x - shift, height_ - at.y, quoted(latin(content)));
  }

  std::string finish() override {
    const auto font = [](const char* name) {
      return fmt::format("<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>", name);
    };
    const std::string objects[] = {
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {:.0f} {:.0f}] /Contents 4 0 R /Resources << /Font << "
                    "/F1 5 0 R /F2 6 0 R >> >> >>",
                    width_, height_),
        fmt::format("<< /Length {} >>\nstream\n{}endstream", stream_.size(), stream_),
        font("Helvetica"),
        font("Helvetica-Bold"),
        fmt::format("<< /Title {} /Producer (danas) >>", quoted(latin(title_)))};
    std::string pdf = "%PDF-1.4\n", places;
    for (std::size_t i = 0; i < std::size(objects); ++i) {
      places += fmt::format("{:010} 00000 n \n", pdf.size());
      pdf += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
    }
    return pdf + fmt::format("xref\n0 {0}\n0000000000 65535 f \n{1}trailer\n<< /Size {0} /Root 1 0 R /Info 7 0 R >>\n"
                             "startxref\n{2}\n%%EOF\n",
                             std::size(objects) + 1, places, pdf.size());
  }

 private:
  void begin(const Paint& paint) {
    if (!paint.fill.empty()) stream_ += color_text(paint.fill) + " rg\n";
    if (paint.stroke.empty()) return;
    const char* dash = paint.dash == Dash::dashed ? "[6 4]" : paint.dash == Dash::dotted ? "[1.5 3]" : "[]";
    stream_ += fmt::format("{} RG {:g} w {} 0 d\n", color_text(paint.stroke), paint.width, dash);
  }
  void end(const Paint& paint) {
    const bool fills = !paint.fill.empty(), strokes = !paint.stroke.empty();
    stream_ += fills && strokes ? "B\n" : fills ? "f\n" : "S\n";
  }

  double width_, height_;
  std::string title_, stream_;
};

}  // namespace

double text_width(std::string_view text) {
  double width = 0;
  for (const char letter : latin(text)) {
    const auto code = static_cast<unsigned char>(letter);
    width += code >= 32 && code < 127 ? widths[code - 32] : other_width;
  }
  return width * Drawing::font_size / 1000;
}

std::unique_ptr<Drawing> pdf_drawing(double width, double height, const std::string& title) {
  return std::make_unique<PdfDrawing>(width, height, title);
}

}  // namespace danas::report
