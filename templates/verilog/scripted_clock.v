// The clock of the scripted bench, for simulators that run Verilog alone.
`timescale 1ns / 1ns
module nngen_clock;
  reg clk = 1'b0;
  always #5 clk = ~clk;
  nngen_bench bench (.clk(clk));
endmodule
