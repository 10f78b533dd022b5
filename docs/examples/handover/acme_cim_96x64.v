// Simulation model of an analog macro: 96 word lines, 64 bit lines in 32 differential pairs, 16 readouts of two pairs each.
// Written for this example; it models nobody's product. Voltages are real numbers, in units of the difference that one
// cell of level 1 makes. It is ideal; offsets or noise would be added where `held` is assigned.
module acme_cim_96x64 (
  input wire phi,               // clock: programming and sampling at its rising edge
  input wire [95:0] wl,         // word lines
  input wire [1:0] pair,        // one-hot: the pair that each readout is connected to; 0: none
  input wire hold_n,            // active low: hold the readouts at this edge
  input wire [3:0] gain_log2,
  input wire [143:0] dac,       // level of each readout's capacitor DAC, offset binary
  output wire [15:0] below,     // 1 where the held value is below that level
  input wire write_n,           // active low: program four neighbouring cells
  input wire [6:0] write_row,
  input wire [3:0] write_group,
  input wire [27:0] write_levels
);
  parameter real STEP = 64.0;   // of the converters, at gain 1

  reg [6:0] cells [0:96*64-1];
  real held [0:15];
  real sum;
  integer row, readout, bit_line, i;

  always @(posedge phi) begin
    if (!write_n)
      for (i = 0; i < 4; i = i + 1) cells[write_row * 64 + write_group * 4 + i] <= write_levels[7*i +: 7];
    if (!hold_n)
      for (readout = 0; readout < 16; readout = readout + 1) begin
        sum = 0.0;
        bit_line = 4 * readout + (pair[1] ? 2 : 0);
        if (pair != 0)
          for (row = 0; row < 96; row = row + 1)
            if (wl[row]) sum = sum + cells[row * 64 + bit_line] - cells[row * 64 + bit_line + 1];
        held[readout] = sum * (2.0 ** gain_log2);
      end
  end

  // A transition lies half a unit below the first value that reaches the level.
  genvar k;
  generate
    for (k = 0; k < 16; k = k + 1) begin : comparators
      wire [8:0] level = dac[9*k +: 9];
      assign below[k] = held[k] < (level - 256.5) * STEP - 0.5;
    end
  endgenerate
endmodule
