// flash: the sample, a comparator for every transition, and the count of those that are high.
//
// Codes are unsigned; analog values are LSB above reference_low in 16.16 fixed point.
module flash #(
    parameter BITS = 4,
    // 0: there is no sample, the code follows the column
    parameter SAMPLED = 1,
    // Transition of every code from 1 in LSB, unsigned 16.16, code 1 lowest; all zero: 0.5, 1.5, 2.5, ...
    parameter [((1<<BITS)-1)*32-1:0] THRESHOLDS = {((1<<BITS)-1)*32{1'b0}}
) (
    input wire signed [31:0] column,
    input wire sample,
    output reg [BITS-1:0] code
);
    reg signed [31:0] held;
    reg signed [32:0] threshold;
    integer comparator;

    // The input is tracked while sample is high, and held when it falls.
    always @(sample or column) begin
        if (sample || SAMPLED == 0) held = column;
    end

    always @(held) begin
        code = {BITS{1'b0}};
        for (comparator = 0; comparator < (1 << BITS) - 1; comparator = comparator + 1) begin
            if (THRESHOLDS == {((1<<BITS)-1)*32{1'b0}})
                threshold = comparator * 65536 + 32768;
            else
                threshold = $signed({1'b0, THRESHOLDS[comparator*32 +: 32]});
            if (held >= threshold) code = code + 1'b1;
        end
    end
endmodule
