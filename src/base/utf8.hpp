// Texts of others, before they reach a log, JSON or a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace danas {

/// Whether a text is UTF-8 (RFC 3629) without control characters (C0, DEL and C1).
bool is_printable_utf8(std::string_view text);

/// The same text where it is printable UTF-8; else control characters as \n, \x1b or \u009b, and U+FFFD for every byte
/// that is no UTF-8.
std::string printable(std::string_view text);

/// U+FFFD for every byte that is no UTF-8; control characters stay.
std::string valid_utf8(std::string_view text);

/// At most `most` bytes that are whole characters, from the beginning.
std::string_view beginning(std::string_view text, std::size_t most);

/// Beginning and end of a text that has more than `most` bytes, with "…" between.
std::string shortened(std::string_view text, std::size_t most = 300);

}  // namespace danas
