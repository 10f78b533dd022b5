// The memories of the chip, made of a foundry's macros of 512 words of 32 bits (sram_2p_512x32). It takes the place of the
// generated nngen_memory.v; module, parameters and ports are the same.
//
// The chip expects that a read in the cycle of a write to the same word returns the old word. The macro returns unknown
// bits then. So a write goes to the macros one cycle later; by then it is visible, and a read that meets it on its way
// takes the new bits from here.
module nngen_memory #(
  parameter DEPTH = 2,
  parameter WIDTH = 8,
  parameter GRANULARITY = 8,
  parameter ADDRESS_BITS = 1
) (
  input wire clk,
  input wire read_enable,
  input wire [ADDRESS_BITS-1:0] read_address,
  output wire [WIDTH-1:0] read_data,
  input wire [WIDTH/GRANULARITY-1:0] write_enable,
  input wire [ADDRESS_BITS-1:0] write_address,
  input wire [WIDTH-1:0] write_data
);
  localparam WORDS = 512, BITS = 32;  // of a macro
  localparam BANKS = (DEPTH + WORDS - 1) / WORDS;
  localparam SLICES = (WIDTH + BITS - 1) / BITS;

  // Addresses and data as wide as the macros together.
  wire [31:0] read_place = {{(32 - ADDRESS_BITS){1'b0}}, read_address};
  reg [31:0] late_place;
  reg [SLICES*BITS-1:0] late_data, late_mask;
  reg late;
  wire [SLICES*BITS-1:0] data, mask;
  assign data[WIDTH-1:0] = write_data;
  genvar lane, slice, bank;
  generate
    for (lane = 0; lane < WIDTH / GRANULARITY; lane = lane + 1) begin : lanes
      assign mask[lane*GRANULARITY +: GRANULARITY] = {GRANULARITY{write_enable[lane]}};
    end
    if (SLICES * BITS > WIDTH) begin : padding
      assign data[SLICES*BITS-1:WIDTH] = 0;
      assign mask[SLICES*BITS-1:WIDTH] = 0;
    end
  endgenerate

  always @(posedge clk) begin
    late <= |write_enable;
    late_mask <= mask;
    late_place <= {{(32 - ADDRESS_BITS){1'b0}}, write_address};
    late_data <= data;
  end

  // What a read takes from the write that it meets.
  reg [SLICES*BITS-1:0] met_mask, met_data;
  reg [31:0] bank_read;
  always @(posedge clk)
    if (read_enable) begin
      met_mask <= (late && late_place == read_place) ? late_mask : {SLICES*BITS{1'b0}};
      met_data <= late_data;
      bank_read <= read_place / WORDS;
    end

  wire [BANKS*SLICES*BITS-1:0] stored;
  generate
    for (bank = 0; bank < BANKS; bank = bank + 1) begin : banks
      wire reads = read_enable && read_place / WORDS == bank;
      wire writes = late && late_place / WORDS == bank;
      for (slice = 0; slice < SLICES; slice = slice + 1) begin : slices
        sram_2p_512x32 macro (
          .CLK(clk),
          .CENA(~reads), .AA(read_place[8:0]), .QA(stored[(bank*SLICES+slice)*BITS +: BITS]),
          .CENB(~writes), .WENB(~late_mask[slice*BITS +: BITS]), .AB(late_place[8:0]),
          .DB(late_data[slice*BITS +: BITS])
        );
      end
    end
  endgenerate

  wire [SLICES*BITS-1:0] word = stored[bank_read*SLICES*BITS +: SLICES*BITS];
  wire [SLICES*BITS-1:0] merged = (word & ~met_mask) | (met_data & met_mask);
  assign read_data = merged[WIDTH-1:0];
endmodule
