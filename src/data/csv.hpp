// Rows of a comma-separated file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace danas {

/// Takes the next line (LF or CRLF) off `text`.
std::string_view take_line(std::string_view& text);

/// Fields of one line; quotes as in RFC 4180, within a line. False where a quote is not closed or text follows it.
bool split_fields(std::string_view line, std::vector<std::string>& fields);

}  // namespace danas
