"""Export of a trained network as a QCDQ ONNX file, and its accuracy in onnxruntime."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from brevitas.export import export_onnx_qcdq
from torch import nn

from .dataset import Digits
from .fitting import share_correct

INPUT_NAME = "image"
OUTPUT_NAME = "logits"
OPSET = 17
IR_VERSION = 8  # the IR that came with opset 15..18; every onnxruntime in use reads it


def export(model: nn.Module, path: Path) -> None:
    """Write ``model`` to ``path``: QCDQ, batch 1, input ``image``, output ``logits``."""
    with TemporaryDirectory() as folder:
        draft = Path(folder) / "draft.onnx"
        export_onnx_qcdq(
            model,
            args=torch.zeros(1, 1, 8, 8),
            export_path=str(draft),
            input_names=[INPUT_NAME],
            output_names=[OUTPUT_NAME],
            opset_version=OPSET,
            keep_initializers_as_inputs=False,
            dynamo=False,
        )
        document = onnx.load(draft)
    _strip(document)
    onnx.checker.check_model(document, full_check=True)
    onnx.save(document, path)


def exported_accuracy(path: Path, digits: Digits) -> float:
    """Return the accuracy of the file at ``path`` on the held-out images in onnxruntime, unoptimized, 0..1."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    logits = [session.run([OUTPUT_NAME], {INPUT_NAME: image[np.newaxis]})[0] for image in digits.held_out_images]
    return share_correct(np.concatenate(logits), digits.held_out_labels)


def _strip(document: onnx.ModelProto) -> None:
    """Remove notes that name places on the exporting machine: doc strings and metadata."""
    document.ir_version = IR_VERSION
    for part in (document, document.graph, *document.graph.node):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
