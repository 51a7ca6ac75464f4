"""The network: one definition for training (JAX) and, with its features, for the device (ONNX).

Four looks at 1.9 s of sound: a log-mel image (spectrum over time, 21 ms windows every 10 ms) from 0.15 s before the onset on,
the same image coarsely without any convolution (what else the second holds: crackle, rain, a tone), eight bands of the second
before that (other impulses, music, speech: an impulse among many of its kind is seldom a shot), and the waveform from 10 ms before
the onset to 70 ms after it (the shape of the wave itself).
"""

import jax
import jax.numpy as jnp
import numpy as np

CLASSES = ["gunshot", "firework", "vehicle", "impact", "glass", "other"]
RATE, SAMPLES, ONSET = 12000, 22800, 12600
WINDOW, HOP, MELS = 256, 120, 32
ALL_FRAMES = (SAMPLES - WINDOW) // HOP + 1
# Frames of the second before, in bands of four mels; the image has the rest.
BEFORE, BANDS = 90, MELS // 4
FRAMES = ALL_FRAMES - BEFORE
FINE_FROM, FINE = ONSET - 120, 960
NEAR_FROM, NEAR = ONSET - 12, 612
FLOOR = 1e-8
# The coarse image: mean and maximum over blocks of this many mels and frames.
BLOCK = (4, 7)
BEFORE_BLOCK = 9
EMBEDDING = 32
HIDDEN = 128
# Three networks answer together, each with a share in the logarithms of probabilities.
SHARES = {"first": 0.25, "second": 0.3, "third": 0.45}
MEMBERS = tuple(SHARES)


def mel_matrix():
    """[MELS, WINDOW // 2 + 1], triangles from 60 Hz to 5.8 kHz on the mel scale of O'Shaughnessy."""
    to_mel = lambda f: 2595 * np.log10(1 + f / 700)
    edges = 700 * (10 ** (np.linspace(to_mel(60), to_mel(5800), MELS + 2) / 2595) - 1)
    f = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    out = np.zeros((MELS, len(f)))
    for m in range(MELS):
        low, mid, high = edges[m : m + 3]
        out[m] = np.maximum(0, np.minimum((f - low) / (mid - low), (high - f) / (high - mid)))
        if out[m].sum() < 1e-6:  # a triangle between two bins
            out[m, int(round(mid * WINDOW / RATE))] = 1
    return (out / out.sum(1, keepdims=True)).astype(np.float32)


def hann():
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


def features(x):
    """x [n, SAMPLES] -> log-mel [n, MELS, FRAMES], the second before [n, BANDS, BEFORE], fine [n, FINE], as the ONNX graph makes them."""
    x = x / (np.abs(x[:, NEAR_FROM : NEAR_FROM + NEAR]).max(1, keepdims=True) + 1e-6)
    frames = np.lib.stride_tricks.sliding_window_view(x, WINDOW, axis=1)[:, ::HOP]
    spectrum = np.fft.rfft(frames * hann())
    power = (spectrum.real**2 + spectrum.imag**2) / (hann().sum() / 2) ** 2
    mel = np.einsum("mf,ntf->nmt", mel_matrix(), power.astype(np.float32), optimize=True)
    before = mel[:, :, :BEFORE].reshape(len(x), BANDS, MELS // BANDS, BEFORE).mean(2)
    logs = lambda power: ((np.log(power + FLOOR) + 12) / 4).astype(np.float32)
    fine = np.clip(x[:, FINE_FROM : FINE_FROM + FINE], -2, 2).astype(np.float32)
    return logs(mel[:, :, BEFORE:]), logs(before), fine


# name: (kernel height, width, in, out, stride height, width)
MEL_CONVS = {"m1": (3, 5, 1, 16, 2, 2), "m2": (3, 3, 16, 24, 2, 2), "m3": (3, 3, 24, 40, 2, 2), "m4": (3, 3, 40, 48, 2, 2)}
FINE_CONVS = {"f1": (1, 16, 1, 16, 1, 4), "f2": (1, 8, 16, 24, 1, 4), "f3": (1, 5, 24, 24, 1, 2), "f4": (1, 5, 24, 24, 1, 2)}
BEFORE_CONVS = {"b1": (1, 5, BANDS, 24, 1, 1), "b2": (1, 5, 24, 24, 1, 3), "b3": (1, 5, 24, 24, 1, 3)}


def pads(spec):
    return ((spec[0] // 2, spec[0] // 2), (spec[1] // 2, spec[1] // 2))


def init(rng):
    params = {}
    for name, (h, w, cin, cout, _, _) in {**MEL_CONVS, **FINE_CONVS, **BEFORE_CONVS}.items():
        params[name + "w"] = rng.standard_normal((h, w, cin, cout)).astype(np.float32) * np.sqrt(2 / (h * w * cin))
        params[name + "b"] = np.zeros(cout, np.float32)
    shapes = jax.eval_shape(trunk, params, jnp.zeros((1, MELS, FRAMES)), jnp.zeros((1, BANDS, BEFORE)), jnp.zeros((1, FINE)))
    width = shapes.shape[1]
    params["hw"] = rng.standard_normal((width, HIDDEN)).astype(np.float32) * np.sqrt(2 / width)
    params["hb"] = np.zeros(HIDDEN, np.float32)
    params["ew"] = rng.standard_normal((HIDDEN, EMBEDDING)).astype(np.float32) * np.sqrt(2 / HIDDEN)
    params["eb"] = np.zeros(EMBEDDING, np.float32)
    params["ow"] = rng.standard_normal((EMBEDDING, len(CLASSES))).astype(np.float32) * np.sqrt(1 / EMBEDDING)
    params["ob"] = np.zeros(len(CLASSES), np.float32)
    return params


def _stack(params, x, specs):
    """Convolutions as one matrix product each: on a CPU their gradients are faster so."""
    for name, (*_, down, right) in specs.items():
        height, width, cin, cout = params[name + "w"].shape
        x = jnp.pad(x, ((0, 0), (height // 2,) * 2, (width // 2,) * 2, (0, 0)))
        rows = (x.shape[1] - height) // down + 1
        columns = (x.shape[2] - width) // right + 1
        shifted = [
            x[:, i : i + down * (rows - 1) + 1 : down, j : j + right * (columns - 1) + 1 : right]
            for i in range(height)
            for j in range(width)
        ]
        flat = jnp.concatenate(shifted, -1).reshape(-1, height * width * cin)
        x = jax.nn.relu(flat @ params[name + "w"].reshape(-1, cout) + params[name + "b"]).reshape(-1, rows, columns, cout)
    return x


def trunk(params, mel, before, fine):
    a = _stack(params, mel[..., None], MEL_CONVS)
    a = a.mean(1)  # over frequency: [n, time, channels]
    b = _stack(params, fine[:, None, :, None], FINE_CONVS)[:, 0]
    flat = lambda y: y.transpose(0, 2, 1).reshape(y.shape[0], -1)
    high, wide = BLOCK
    blocks = mel.reshape(-1, MELS // high, high, FRAMES // wide, wide)
    coarse = [y.reshape(y.shape[0], -1) for y in (blocks.mean((2, 4)), blocks.max((2, 4)))]
    c = _stack(params, before.transpose(0, 2, 1)[:, None], BEFORE_CONVS)[:, 0]
    spans = before.reshape(-1, BANDS, BEFORE // BEFORE_BLOCK, BEFORE_BLOCK)
    coarse += [y.reshape(y.shape[0], -1) for y in (spans.mean(3), spans.max(3))]
    return jnp.concatenate([flat(a), a.max(1), flat(b), flat(c), c.max(1), *coarse], axis=1)


def logits(params, mel, before, fine, drop=None, keep=1.0):
    y = trunk(params, mel, before, fine)
    if drop is not None:
        y = y * jax.random.bernoulli(drop, keep, y.shape) / keep
    h = jax.nn.relu(y @ params["hw"] + params["hb"])
    e = jax.nn.relu(h @ params["ew"] + params["eb"])
    return e @ params["ow"] + params["ob"], e


def joint(said):
    """What the networks' logits {member: [n, classes]} say together: the weighted mean of their logarithms of probabilities."""
    logs = lambda z: z - z.max(1, keepdims=True) - np.log(np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True))
    return sum(SHARES[member] * logs(z) for member, z in said.items())


def halved(params):
    """Weights as the released model keeps them."""
    return {name: np.asarray(value).astype(np.float16).astype(np.float32) for name, value in params.items()}
