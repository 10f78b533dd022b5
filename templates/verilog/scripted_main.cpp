// The clock of the scripted bench in Verilator.
#include "Vnngen_bench.h"
#include "verilated.h"

int main(int argc, char** argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  Vnngen_bench bench{&context};
  while (!context.gotFinish()) {
    bench.clk = 0;
    bench.eval();
    bench.clk = 1;
    bench.eval();
    context.timeInc(1);
  }
  bench.final();
  return 0;
}
