"""What must become of the networks of ``../shared/models``: most are read and compared, these are refused.

``REFUSED`` has a part of the sentence that refuses each, by path below the folder; its README says what they are.
"""

from __future__ import annotations

__all__ = ["PAIRED_MAPPINGS", "REFUSED"]

HALF = "are not quantized; quantize every layer's input, weights and output"
FLOAT = "it has no quantizer, nor has any other layer"
REFUSED = {
    "brevitas/cnn_ort_dynamic.onnx": "scales that depend on the data are not supported; quantize statically",
    "brevitas/mlp_fp32.onnx": FLOAT,
    "mlonmcu_cifar10/model.onnx": FLOAT,
    "mlonmcu_magic_wand/model.onnx": FLOAT,
    "mlonmcu_micro_kws_fp32/model.onnx": FLOAT,
    "mlonmcu_micro_kws_quantdequant/model.onnx": HALF,
    "mlperf_v07_alibaba_ad/model.onnx": FLOAT,
    "mlperf_v07_alibaba_kws/model.onnx": FLOAT,
    "qonnx_eltwise_chanlast/model.onnx": HALF,  # only its activations are
    "qonnx_residual_block_clean/model.onnx": FLOAT,
    "silero_vad_16k_op15/model.onnx": "control flow is not supported; export a graph without branches or loops",
    "zigzag_resnet8_float/model.onnx": FLOAT,
}

# Two files of one network: the same integer weights, in the same places of a chip.
PAIRED_MAPPINGS = (("mlonmcu_micro_kws_qdq/model.onnx", "mlonmcu_micro_kws_qoperator/model.onnx"),)
