// A chip that is none: the host port of nngen_chip in front of plain memory, to test the bench without the hardware.
// A run takes RUN_CYCLES and writes the complement of SPAN words of activation memory behind them.
// Names between at signs are filled in by the test from the register map; FAULT plants a fault.
`define FAULT "@FAULT@"

module nngen_chip (
    input wire clk,
    input wire rst,
    input wire [@ADDRESS_BITS@-1:0] s_axi_awaddr,
    input wire [2:0] s_axi_awprot,
    input wire s_axi_awvalid,
    output wire s_axi_awready,
    input wire [31:0] s_axi_wdata,
    input wire [3:0] s_axi_wstrb,
    input wire s_axi_wvalid,
    output wire s_axi_wready,
    output wire [1:0] s_axi_bresp,
    output reg s_axi_bvalid,
    input wire s_axi_bready,
    input wire [@ADDRESS_BITS@-1:0] s_axi_araddr,
    input wire [2:0] s_axi_arprot,
    input wire s_axi_arvalid,
    output wire s_axi_arready,
    output reg [31:0] s_axi_rdata,
    output wire [1:0] s_axi_rresp,
    output reg s_axi_rvalid,
    input wire s_axi_rready,
    output wire interrupt,
    output reg running,
    @RETIRE_PORTS@
);
    localparam RUN_CYCLES = 25;
    localparam SPAN = 16;
    localparam WORDS = 1 << (@ADDRESS_BITS@ - 2);

    reg [31:0] memory [0:WORDS-1];
    reg done, pending, written;
    reg [31:0] cycles;
    wire [@ADDRESS_BITS@-3:0] write_index = s_axi_awaddr[@ADDRESS_BITS@-1:2];
    wire [@ADDRESS_BITS@-3:0] read_index = s_axi_araddr[@ADDRESS_BITS@-1:2];
    integer i;

    wire write_now = s_axi_awvalid & s_axi_wvalid & (~s_axi_bvalid | s_axi_bready);
    wire read_now = s_axi_arvalid & (~s_axi_rvalid | s_axi_rready) & (`FAULT != "deaf");
    reg never_set;
    assign s_axi_awready = write_now;
    assign s_axi_wready = write_now;
    assign s_axi_arready = (`FAULT == "unknown_ready") ? never_set : read_now;
    assign s_axi_bresp = (`FAULT == "refusing" && memory[@INTERRUPT_ENABLE@/4] != 0) ? 2'd2 : 2'd0;
    assign s_axi_rresp = 2'd0;
    assign interrupt = pending & memory[@INTERRUPT_ENABLE@/4][0];

    always @(posedge clk) begin
        if (rst) begin
            s_axi_bvalid <= 0;
            s_axi_rvalid <= 0;
            s_axi_rdata <= 0;
            running <= 0;
            done <= 0;
            pending <= 0;
            written <= 0;
            cycles <= 0;
            for (i = 0; i < 64; i = i + 1) memory[i] <= 0;
            memory[@MAGIC@/4] <= 32'h4E4E4731;
            memory[@ARCHITECTURE@/4] <= 32'h@ARCHITECTURE_HASH@;
        end else begin
            if (s_axi_bready) s_axi_bvalid <= 0;
            if (s_axi_rready) s_axi_rvalid <= 0;
            if (write_now) begin
                s_axi_bvalid <= 1;
                if (s_axi_awaddr == @START@) begin
                    running <= 1;
                    done <= 0;
                    cycles <= 0;
                end else if (s_axi_awaddr == @INTERRUPT@) begin
                    if (`FAULT != "sticky_interrupt") pending <= 0;
                end else memory[write_index] <= s_axi_wdata;
            end
            if (read_now) begin
                s_axi_rvalid <= 1;
                case (s_axi_araddr)
                    @STATUS@: s_axi_rdata <= (`FAULT == "unknown_status") ? 32'bx : {30'd0, done, running};
                    @EVENT_CYCLES@: s_axi_rdata <= cycles;
                    default: s_axi_rdata <= memory[read_index];
                endcase
            end
            if (running) begin
                cycles <= cycles + 1;
                if (cycles == RUN_CYCLES - 1 && `FAULT != "endless") begin
                    running <= 0;
                    done <= 1;
                    pending <= 1;
                    written <= 1;
                    if (`FAULT == "finishing") $finish;
                    if (`FAULT != "writes_once" || !written) for (i = 0; i < SPAN; i = i + 1)
                        memory[@ACTIVATIONS@/4 + SPAN + i] <= ~memory[@ACTIVATIONS@/4 + i];
                end
            end
        end
    end

    generate
        if (`FAULT == "timeless") begin : oscillator
            reg on = 0;
            always @(on) on <= ~on;
            initial on <= 1;
        end
    endgenerate

    @RETIRE_LOGIC@
endmodule
