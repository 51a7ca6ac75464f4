"""Writes the network with its features as ONNX: in `clip` [n, 22800], out `scores` [n, 6] and `embedding` [n, 32]."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import net

OPSET = 17


def export(members, scale, bias, path):
    """members: the weights of each of net.MEMBERS. scale, bias: the calibration of what they say together."""
    nodes, weights = [], []

    def w(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def op(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    ints = lambda name, *values: w(name, np.array(values, np.int64))
    f32 = lambda name, value: w(name, np.asarray(value, np.float32))
    # Weights lie there in half precision, as net.halved rounds them, and become float32 when the model is opened.
    f16 = lambda name, value: op("Cast", [w(name + "16", np.asarray(value, np.float16))], name, to=TensorProto.FLOAT)
    # Level: the largest sample near the onset counts as 1.
    op("Slice", ["clip", ints("near0", net.NEAR_FROM), ints("near1", net.NEAR_FROM + net.NEAR), ints("axis1", 1)], "near")
    op("Abs", ["near"], "near_abs")
    op("ReduceMax", ["near_abs"], "peak", axes=[1], keepdims=1)
    op("Add", ["peak", f32("tiny", 1e-6)], "level")
    op("Div", ["clip", "level"], "x")
    # Log-mel: the DFT as a convolution, then squares, then the mel matrix over real and imaginary parts alike.
    # One turn of the cosine is kept; the matrix is made of it when the model is opened.
    turn = np.arange(net.WINDOW) * 2 * np.pi / net.WINDOW
    bins = w("bins", np.arange(net.WINDOW // 2 + 1)[:, None])
    places = op("Mod", [op("Mul", [bins, w("samples", np.arange(net.WINDOW)[None])], "products"), ints("window", net.WINDOW)], "places")
    waves = [op("Gather", [f32(name, table), places], name + "s") for name, table in (("cosine", np.cos(turn)), ("sine", -np.sin(turn)))]
    op("Mul", [op("Concat", waves, "turns", axis=0), f32("hann", net.hann() / (net.hann().sum() / 2))], "dft2")
    op("Unsqueeze", ["dft2", "axis1"], "dft")
    op("Unsqueeze", ["x", "axis1"], "x3")
    op("Conv", ["x3", "dft"], "dfts", strides=[net.HOP])
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

    # The two coarse images are the same for both.
    block = {"kernel_shape": list(net.BLOCK), "strides": list(net.BLOCK)}
    op("Flatten", [op("AveragePool", ["m0"], "coarse_mean", **block)], "meanflat", axis=1)
    op("Flatten", [op("MaxPool", ["m0"], "coarse_max", **block)], "maxflat", axis=1)
    span = {"kernel_shape": [1, net.BEFORE_BLOCK], "strides": [1, net.BEFORE_BLOCK]}
    op("Flatten", [op("AveragePool", ["before"], "span_mean", **span)], "spanmeanflat", axis=1)
    op("Flatten", [op("MaxPool", ["before"], "span_max", **span)], "spanmaxflat", axis=1)

    def network(params, member):
        """Logarithms of the probabilities, times the member's share."""
        of = lambda name: f"{member}_{name}"

        def stack(x, specs):
            for name, spec in specs.items():
                (top, bottom), (left, right) = net.pads(spec)
                weight = f16(of(name + "w"), np.asarray(params[name + "w"]).transpose(3, 2, 0, 1))
                conv = {"strides": list(spec[4:6]), "pads": [top, left, bottom, right]}
                op("Conv", [x, weight, f16(of(name + "b"), params[name + "b"])], of(name + "c"), **conv)
                x = op("Relu", [of(name + "c")], of(name))
            return x

        layer = lambda x, name, out: op("Gemm", [x, f16(of(name + "w"), params[name + "w"]), f16(of(name + "b"), params[name + "b"])], out)
        a = op("ReduceMean", [stack("m0", net.MEL_CONVS)], of("am"), axes=[2], keepdims=0)
        c = stack("b0", net.BEFORE_CONVS)
        looks = [
            op("Flatten", [a], of("aflat"), axis=1),
            op("ReduceMax", [a], of("amax"), axes=[2], keepdims=0),
            op("Flatten", [stack("f0", net.FINE_CONVS)], of("bflat"), axis=1),
            op("Flatten", [c], of("cflat"), axis=1),
            op("Flatten", [op("ReduceMax", [c], of("cmax"), axes=[3], keepdims=0)], of("cmaxflat"), axis=1),
            *("meanflat", "maxflat", "spanmeanflat", "spanmaxflat"),
        ]
        op("Concat", looks, of("trunk"), axis=1)
        op("Relu", [layer(of("trunk"), "h", of("h"))], of("hidden"))
        # The site's own head learns from the second's.
        embedding = "embedding" if member == "second" else of("embedding")
        op("Relu", [layer(of("hidden"), "e", of("e"))], embedding)
        op("LogSoftmax", [layer(embedding, "o", of("logits"))], of("logs"), axis=1)
        return op("Mul", [of("logs"), f32(of("share"), net.SHARES[member] * scale)], of("part"))

    op("Sum", [network(params, member) for member, params in members.items()], "together")
    op("Softmax", [op("Add", ["together", f32("bias", bias)], "logits")], "scores", axis=1)
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
