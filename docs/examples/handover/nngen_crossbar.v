// The macro of the chip `digits`, made of the analog macro acme_cim_96x64. It takes the place of the generated views
// nngen_crossbar_empty.v and nngen_crossbar_behavioural.v; the ports are theirs.
module nngen_crossbar (
  input wire [0:0] clk,
  input wire [0:0] enable,
  input wire [95:0] word_lines,
  input wire [0:0] sample,
  input wire [1:0] column,
  input wire [3:0] gain,
  input wire [143:0] trial,
  output wire [15:0] compare,
  input wire [0:0] program_enable,
  input wire [6:0] program_row,
  input wire [3:0] program_word,
  input wire [31:0] program_data
);
  wire [15:0] below;
  assign compare = ~below;

  acme_cim_96x64 macro (
    .phi(clk),
    .wl(word_lines),
    .pair({column == 2'd1, column == 2'd0}),
    .hold_n(~(enable & sample)),
    .gain_log2(gain),
    .dac(trial),
    .below(below),
    .write_n(~program_enable),
    .write_row(program_row),
    .write_group(program_word),
    .write_levels(program_data[27:0])
  );
endmodule
