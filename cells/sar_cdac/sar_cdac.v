// sar_cdac: the sample, the capacitors of the trial code and the comparator.
//
// Codes are unsigned; analog values are LSB above reference_low in 16.16 fixed point. The transition of a trial code
// lies half an LSB below the sum of its weights.
module sar_cdac #(
    parameter BITS = 8,
    // Weight of every bit in LSB, unsigned 16.16, bit 0 lowest; all zero: 1, 2, 4, ...
    parameter [BITS*32-1:0] WEIGHTS = {BITS*32{1'b0}}
) (
    input wire signed [31:0] column,
    input wire sample,
    input wire [BITS-1:0] trial,
    output wire compare
);
    reg signed [31:0] held;
    reg signed [39:0] transition;
    integer bit_index;

    // The input is tracked while sample is high, and held when it falls.
    always @(sample or column) begin
        if (sample) held = column;
    end

    always @(trial) begin
        transition = -40'sd32768;
        for (bit_index = 0; bit_index < BITS; bit_index = bit_index + 1) begin
            if (trial[bit_index]) begin
                if (WEIGHTS == {BITS*32{1'b0}})
                    transition = transition + (40'sd65536 <<< bit_index);
                else
                    transition = transition + $signed({8'd0, WEIGHTS[bit_index*32 +: 32]});
            end
        end
    end

    assign compare = held >= transition;
endmodule
