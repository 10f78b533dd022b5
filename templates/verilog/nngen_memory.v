// Memory with one read and one write port, synchronous. A foundry SRAM replaces the body of this module.
// A read in the cycle of a write to the same word returns the old word; read_data holds between reads.
module nngen_memory #(
  parameter DEPTH = 2,
  parameter WIDTH = 8,
  parameter GRANULARITY = 8,
  parameter ADDRESS_BITS = 1
) (
  input wire clk,
  input wire read_enable,
  input wire [ADDRESS_BITS-1:0] read_address,
  output reg [WIDTH-1:0] read_data,
  input wire [WIDTH/GRANULARITY-1:0] write_enable,
  input wire [ADDRESS_BITS-1:0] write_address,
  input wire [WIDTH-1:0] write_data
);
  reg [WIDTH-1:0] storage [0:DEPTH-1];
  integer lane;
`ifdef NNGEN_JUNK
  // For simulations that compare what does not depend on it: powers up with junk, not with unknown values.
  integer word;
  initial for (word = 0; word < DEPTH; word = word + 1) storage[word] = {(WIDTH + 31) / 32{32'hdeadbeef}};
`endif

  always @(posedge clk) begin
    if (read_enable) read_data <= storage[read_address];
    for (lane = 0; lane < WIDTH / GRANULARITY; lane = lane + 1)
      if (write_enable[lane])
        storage[write_address][lane*GRANULARITY +: GRANULARITY] <= write_data[lane*GRANULARITY +: GRANULARITY];
  end
endmodule
