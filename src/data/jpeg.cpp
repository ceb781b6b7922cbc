// JPEG through libjpeg-turbo. The library reports errors by a callback that must not return: longjmp out of it, with
// nothing that has a destructor between setjmp and the calls.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <jpeglib.h>
// after jpeglib.h
#include <jerror.h>

#include "base/error.hpp"
#include "data/codecs.hpp"

namespace danas {

namespace {

struct Messages {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  char failure[JMSG_LENGTH_MAX];
  char remark[JMSG_LENGTH_MAX];  // the first one
  bool pixels_lost;
};

[[noreturn]] void give_up(j_common_ptr info) {
  Messages& messages = *reinterpret_cast<Messages*>(info->err);
  info->err->format_message(info, messages.failure);
  std::longjmp(messages.back, 1);
}

// The library carries on after a damaged or short file and fills up with gray: that would be a silent error here. After
// some warnings every pixel is there all the same.
void judge_message(j_common_ptr info, int level) {
  if (level >= 0) return;  // traces
  Messages& messages = *reinterpret_cast<Messages*>(info->err);
  switch (info->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:  // progressive parameters in the header of a sequential scan, as several phones write
      if (messages.remark[0] == 0) info->err->format_message(info, messages.remark);
      return;
    default: messages.pixels_lost = true; give_up(info);
  }
}

// A file of a few megabytes has room for scans that take hours.
void limit_scans(j_common_ptr info) {
  constexpr int most = 500;
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= most) return;
  Messages& messages = *reinterpret_cast<Messages*>(info->err);
  std::snprintf(messages.failure, sizeof messages.failure, "more than %d scans", most);
  std::longjmp(messages.back, 1);
}

jpeg_error_mgr* handler(Messages& messages) {
  jpeg_error_mgr* const manager = jpeg_std_error(&messages.manager);
  manager->error_exit = give_up;
  manager->emit_message = judge_message;
  return manager;
}

// Adobe stores CMYK inverted (255 = no ink); others as ink.
void cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, int width, bool inverted) {
  for (int x = 0; x < width; ++x) {
    const auto light = [&](int i) { return inverted ? cmyk[4 * x + i] : 255 - cmyk[4 * x + i]; };
    for (int c = 0; c < 3; ++c) rgb[3 * x + c] = static_cast<std::uint8_t>((light(c) * light(3) + 127) / 255);
  }
}

int smallest_scale(std::int64_t width, std::int64_t height, int shorter_side) {
  const std::int64_t shorter = std::min(width, height);
  for (int eighths = 1; shorter_side > 0 && eighths < 8; ++eighths)
    if ((shorter * eighths + 7) / 8 >= shorter_side) return eighths;
  return 8;
}

class Decoder {
 public:
  Decoder(Bytes file, const std::string& where) : file_(file), where_(where) {}
  ~Decoder() { jpeg_destroy_decompress(&info_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  Dataset::Pixels decode(int shorter_side) {
    info_.err = handler(messages_);
    if (!read_header()) fail();
    check_dimensions(where_, info_.image_width, info_.image_height);
    if (!start(shorter_side)) fail();
    const int channels = info_.output_components == 1 ? 1 : 3;
    Dataset::Pixels pixels{{}, static_cast<int>(info_.output_width), static_cast<int>(info_.output_height), channels};
    const std::size_t stride = static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(channels);
    pixels.data.resize(stride * static_cast<std::size_t>(pixels.height));
    if (info_.output_components == 4) row_.resize(4 * static_cast<std::size_t>(pixels.width));
    if (!read_rows(pixels.data.data(), stride)) fail();
    pixels.remark = messages_.remark;
    return pixels;
  }

 private:
  [[noreturn]] void fail() const {
    throw expected(where_, "a whole JPEG image",
                   (messages_.pixels_lost ? "one of which pixels are lost: " : "") + std::string(messages_.failure));
  }

  bool read_header() {
    if (setjmp(messages_.back)) return false;
    jpeg_create_decompress(&info_);
    progress_.progress_monitor = limit_scans;
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(file_.data()), file_.size());
    jpeg_read_header(&info_, TRUE);
    return true;
  }

  bool start(int shorter_side) {
    if (setjmp(messages_.back)) return false;
    const bool four = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
    const bool gray = info_.jpeg_color_space == JCS_GRAYSCALE;
    info_.out_color_space = four ? JCS_CMYK : gray ? JCS_GRAYSCALE : JCS_RGB;
    info_.scale_num = static_cast<unsigned>(smallest_scale(info_.image_width, info_.image_height, shorter_side));
    info_.scale_denom = 8;
    jpeg_start_decompress(&info_);
    return true;
  }

  bool read_rows(std::uint8_t* pixels, std::size_t stride) {
    if (setjmp(messages_.back)) return false;
    while (info_.output_scanline < info_.output_height) {
      std::uint8_t* const to = pixels + stride * info_.output_scanline;
      JSAMPROW row = row_.empty() ? to : row_.data();
      jpeg_read_scanlines(&info_, &row, 1);
      if (!row_.empty()) cmyk_to_rgb(row_.data(), to, static_cast<int>(info_.output_width), info_.saw_Adobe_marker);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  Bytes file_;
  const std::string& where_;
  jpeg_decompress_struct info_{};
  jpeg_progress_mgr progress_{};
  Messages messages_{};
  std::vector<std::uint8_t> row_;
};

struct Encoder {
  jpeg_compress_struct info{};
  Messages messages{};
  unsigned char* memory = nullptr;
  unsigned long size = 0;

  ~Encoder() {
    jpeg_destroy_compress(&info);
    std::free(memory);
  }

  bool encode(const Dataset::Pixels& pixels, int quality) {
    info.err = handler(messages);
    if (setjmp(messages.back)) return false;
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &memory, &size);
    info.image_width = static_cast<JDIMENSION>(pixels.width);
    info.image_height = static_cast<JDIMENSION>(pixels.height);
    info.input_components = pixels.channels;
    info.in_color_space = pixels.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    const std::size_t stride = static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(pixels.channels);
    while (info.next_scanline < info.image_height) {
      JSAMPROW row = const_cast<JSAMPROW>(pixels.data.data() + stride * info.next_scanline);
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    return true;
  }
};

}  // namespace

Dataset::Pixels decode_jpeg(Bytes file, int shorter_side, const std::string& where) {
  return Decoder(file, where).decode(shorter_side);
}

void encode_jpeg(const Dataset::Pixels& pixels, int quality, std::vector<std::uint8_t>& jpeg) {
  Encoder encoder;
  if (!encoder.encode(pixels, quality)) throw Error("cache", encoder.messages.failure, Fault::failure);
  jpeg.assign(encoder.memory, encoder.memory + encoder.size);
}

}  // namespace danas
