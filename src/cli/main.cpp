#include <malloc.h>

#include "cli/program.hpp"

int main(int count, char** values) {
  // Memory of a step is asked for once and given back at the end of a training: to the system, not to a list of the thread
  // that asked for it, where the next training, which wants more or less, does not find it.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  return danas::run_program({values + 1, values + count});
}
