"""From a quantized ONNX file to mapping, schedule and program: the rooms that decide."""
