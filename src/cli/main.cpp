#include "cli/program.hpp"

int main(int count, char** values) { return danas::run_program({values + 1, values + count}); }
