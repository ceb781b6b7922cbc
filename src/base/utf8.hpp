// Texts of others, before they reach a log, JSON or a terminal.
#pragma once

#include <string_view>

namespace danas {

/// Whether a text is UTF-8 (RFC 3629) without control characters.
bool is_printable_utf8(std::string_view text);

}  // namespace danas
