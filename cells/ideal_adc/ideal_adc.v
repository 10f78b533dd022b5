// ideal_adc: rounds and clips the column, or the sample of it.
//
// Codes are unsigned; analog values are LSB above reference_low in 16.16 fixed point.
module ideal_adc #(
    parameter BITS = 8,
    // 0: there is no sample, the code follows the column
    parameter SAMPLED = 0
) (
    input wire signed [31:0] column,
    input wire sample,
    output reg [BITS-1:0] code
);
    reg signed [31:0] held;
    reg signed [32:0] rounded;

    // The input is tracked while sample is high, and held when it falls.
    always @(sample or column) begin
        if (sample || SAMPLED == 0) held = column;
    end

    always @(held) begin
        rounded = (held + 33'sd32768) >>> 16;
        if (rounded < 0)
            code = {BITS{1'b0}};
        else if (rounded >= (1 << BITS))
            code = {BITS{1'b1}};
        else
            code = rounded[BITS-1:0];
    end
endmodule
