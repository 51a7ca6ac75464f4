"""Writes the network with its features as ONNX: in `clip` [n, 22800], out `scores` [n, 6] and `embedding` [n, 32]."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import net

OPSET = 17


def export(params, scale, bias, path):
    """scale, bias: the calibration of the logits."""
    nodes, weights = [], []

    def w(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    ints = lambda name, *values: w(name, np.array(values, np.int64))
    f32 = lambda name, value: w(name, np.asarray(value, np.float32))
    # Level: the largest sample near the onset counts as 1.
    op("Slice", ["clip", ints("near0", net.NEAR_FROM), ints("near1", net.NEAR_FROM + net.NEAR), ints("axis1", 1)], "near")
    op("Abs", ["near"], "near_abs")
    op("ReduceMax", ["near_abs"], "peak", axes=[1], keepdims=1)
    op("Add", ["peak", f32("tiny", 1e-6)], "level")
    op("Div", ["clip", "level"], "x")
    # Log-mel: the DFT as a convolution, then squares, then the mel matrix over real and imaginary parts alike.
    k = np.arange(net.WINDOW // 2 + 1)[:, None] * np.arange(net.WINDOW)[None] * 2 * np.pi / net.WINDOW
    dft = np.concatenate([np.cos(k), -np.sin(k)]) * net.hann() / (net.hann().sum() / 2)
    op("Unsqueeze", ["x", "axis1"], "x3")
    op("Conv", ["x3", f32("dft", dft[:, None])], "dfts", strides=[net.HOP])
    op("Mul", ["dfts", "dfts"], "squares")
    op("MatMul", [f32("mel", np.concatenate([net.mel_matrix()] * 2, axis=1)), "squares"], "mels")
    f32("floor", net.FLOOR), f32("twelve", 12), f32("quarter", 0.25)

    def logs(power, name):
        op("Log", [op("Add", [power, "floor"], name + "_floor")], name + "_log")
        return op("Mul", [op("Add", [name + "_log", "twelve"], name + "_12"), "quarter"], name)

    ints("zero", 0), ints("axis2", 2), ints("split", net.BEFORE), ints("end", net.ALL_FRAMES)
    op("Slice", ["mels", "split", "end", "axis2"], "mels_image")
    op("Slice", ["mels", "zero", "split", "axis2"], "mels_before")
    op("Unsqueeze", [logs("mels_image", "logmel"), "axis1"], "m0")
    high = net.MELS // net.BANDS
    op("Unsqueeze", ["mels_before", "axis1"], "before4")
    op("AveragePool", ["before4"], "bands4", kernel_shape=[high, 1], strides=[high, 1])
    op("Transpose", [logs("bands4", "before")], "b0", perm=[0, 2, 1, 3])
    op("Slice", ["x", ints("fine0", net.FINE_FROM), ints("fine1", net.FINE_FROM + net.FINE), "axis1"], "fine")
    op("Clip", ["fine", f32("minus2", -2), f32("plus2", 2)], "fine2")
    op("Unsqueeze", ["fine2", ints("axes12", 1, 2)], "f0")

    def stack(x, specs):
        for name, spec in specs.items():
            (top, bottom), (left, right) = net.pads(spec)
            weight = np.asarray(params[name + "w"]).transpose(3, 2, 0, 1)
            op("Conv", [x, f32(name + "w", weight), f32(name + "b", params[name + "b"])], name + "c", strides=list(spec[4:6]), pads=[top, left, bottom, right])
            x = op("Relu", [name + "c"], name)
        return x

    a = op("ReduceMean", [stack("m0", net.MEL_CONVS)], "am", axes=[2], keepdims=0)
    op("ReduceMax", [a], "amax", axes=[2], keepdims=0)
    op("Flatten", [a], "aflat", axis=1)
    op("Flatten", [stack("f0", net.FINE_CONVS)], "bflat", axis=1)
    block = {"kernel_shape": list(net.BLOCK), "strides": list(net.BLOCK)}
    op("Flatten", [op("AveragePool", ["m0"], "coarse_mean", **block)], "meanflat", axis=1)
    op("Flatten", [op("MaxPool", ["m0"], "coarse_max", **block)], "maxflat", axis=1)
    c = stack("b0", net.BEFORE_CONVS)
    op("Flatten", [c], "cflat", axis=1)
    op("Flatten", [op("ReduceMax", [c], "cmax", axes=[3], keepdims=0)], "cmaxflat", axis=1)
    span = {"kernel_shape": [1, net.BEFORE_BLOCK], "strides": [1, net.BEFORE_BLOCK]}
    op("Flatten", [op("AveragePool", ["before"], "span_mean", **span)], "spanmeanflat", axis=1)
    op("Flatten", [op("MaxPool", ["before"], "span_max", **span)], "spanmaxflat", axis=1)
    looks = ["aflat", "amax", "bflat", "cflat", "cmaxflat", "meanflat", "maxflat", "spanmeanflat", "spanmaxflat"]
    op("Concat", looks, "trunk", axis=1)
    op("Gemm", ["trunk", f32("hw", params["hw"]), f32("hb", params["hb"])], "h")
    op("Relu", ["h"], "hidden")
    op("Gemm", ["hidden", f32("ew", params["ew"]), f32("eb", params["eb"])], "e")
    op("Relu", ["e"], "embedding")
    # The calibration is part of the last layer.
    ow = np.asarray(params["ow"]) * scale
    ob = np.asarray(params["ob"]) * scale + bias
    op("Gemm", ["embedding", f32("ow", ow), f32("ob", ob)], "logits")
    op("Softmax", ["logits"], "scores", axis=1)
    info = lambda name, n: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", n])
    graph = helper.make_graph(
        nodes,
        "gunshot",
        [info("clip", net.SAMPLES)],
        [info("scores", len(net.CLASSES)), info("embedding", net.EMBEDDING)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="tocsin")
    onnx.checker.check_model(model)
    onnx.save(model, path)
