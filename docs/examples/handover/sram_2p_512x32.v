// Simulation model of a memory macro, as a foundry's compiler delivers it: two ports (one reads, one writes), 512 words of
// 32 bits, enables active low, a write mask for each bit. Written for this example; it models no foundry's product.
// Reading a word in the cycle in which it is written yields unknown values in the bits that are written.
module sram_2p_512x32 (
  input wire CLK,
  // read port
  input wire CENA,
  input wire [8:0] AA,
  output reg [31:0] QA,
  // write port
  input wire CENB,
  input wire [31:0] WENB,
  input wire [8:0] AB,
  input wire [31:0] DB
);
  reg [31:0] words [0:511];

  always @(posedge CLK) begin
    if (!CENA) QA <= (!CENB && AA == AB) ? (words[AA] & WENB) | ({32{1'bx}} & ~WENB) : words[AA];
    if (!CENB) words[AB] <= (words[AB] & WENB) | (DB & ~WENB);
  end
endmodule
