// The one exception type of danas.
#pragma once

#include <stdexcept>
#include <string>

namespace danas {

/// What a failure means for the exit status of the program.
enum class Fault {
  input = 2,         ///< the user's file, option or data is wrong
  failure = 1,       ///< the machine refused: disk full, folder unwritable, …
  interrupted = 130  ///< Ctrl-C; everything so far is saved
};

/// Message: `[where] expected …, got …`. `where` names the file, key, record or function. Long names and texts of others
/// are shortened in their middle: a message is to be read.
class Error : public std::runtime_error {
 public:
  Error(const std::string& where, const std::string& message, Fault fault = Fault::input);

  Fault fault() const { return fault_; }
  int exit_status() const { return static_cast<int>(fault_); }

 private:
  Fault fault_;
};

/// An Error of the form `[where] expected A, got B`.
Error expected(const std::string& where, const std::string& what, const std::string& got, Fault fault = Fault::input);

}  // namespace danas
