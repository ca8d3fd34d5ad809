// The program people use. It links nothing that reads untrusted formats: those are read by
// sonde-worker, in processes of its own.

#include "faces/cli/process.h"

int main(int argument_count, char** arguments) {
  return sonde::faces::cli::run_process(argument_count, arguments);
}
