// The clock of the scripted bench in Verilator.
#include "Vnngen_bench.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
typedef VerilatedFstC Waves;
#elif VM_TRACE
#include "verilated_vcd_c.h"
typedef VerilatedVcdC Waves;
#endif
#ifdef __linux__
#include <signal.h>
#include <sys/prctl.h>
#endif
#include <string>

int main(int argc, char** argv) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // it ends with the process that started it, however that ends
#endif
  VerilatedContext context;
  context.commandArgs(argc, argv);
#if VM_TRACE
  const std::string option = "waves=", match = context.commandArgsPlusMatch(option.c_str());
  if (!match.empty()) context.traceEverOn(true);
#endif
  Vnngen_bench bench{&context};
#if VM_TRACE
  Waves waves;
  if (!match.empty()) {
    bench.trace(&waves, 99);
    waves.open(match.substr(option.size() + 1).c_str());
  }
#endif
  while (!context.gotFinish()) {
    for (int level = 0; level < 2; ++level) {
      bench.clk = level;
      bench.eval();
#if VM_TRACE
      if (waves.isOpen()) waves.dump(context.time());
#endif
      context.timeInc(5);
    }
  }
  bench.final();
#if VM_TRACE
  if (waves.isOpen()) waves.close();
#endif
  return 0;
}
