"""Things that strike one another. Each: (rng, samples) -> sound, at which seconds, its peak's range at 1 m, dB SPL."""

import numpy as np

from layers import bounce, burst, instants, lay, plate
from sound import RATE_HZ, coloured, modal, peak_one


def door_slam(rng, n):
    def one():
        x = peak_one(modal(rng, rng.uniform(45, 350, 10), rng.uniform(0.015, 0.09, 10), None, 0.5, rng.uniform(1e-3, 4e-3)))
        y = np.zeros(len(x))
        latch = peak_one(modal(rng, rng.uniform(900, 5000, 8), rng.uniform(0.002, 0.012, 8), None, 0.08, 1e-4))
        at = int(rng.uniform(0, 0.015) * RATE_HZ)
        y[at : at + len(latch)] += latch * rng.uniform(0.2, 0.6)
        return x + y + 0.4 * peak_one(burst(rng, 0.02, 100, 1500, 0.5))

    return *lay(rng, n, instants(rng, n, 1.6, 0.3, count=int(rng.integers(1, 3))), one), (95, 118)


def car_door(rng, n):
    def one():
        body = peak_one(modal(rng, rng.uniform(60, 220, 6), rng.uniform(0.02, 0.06, 6), None, 0.3, 3e-3))
        return body + 0.35 * peak_one(modal(rng, rng.uniform(400, 3500, 9), rng.uniform(0.003, 0.02, 9), None, 0.3, 3e-4))

    return *lay(rng, n, instants(rng, n, 1.2, 0.4, count=int(rng.integers(1, 4))), one), (88, 106)


def hammering(rng, n):
    hz = rng.uniform(500, 4200, 8)
    decays_s = rng.uniform(0.004, 0.03, 8)

    def one():
        ring = modal(rng, hz * rng.uniform(0.99, 1.02), decays_s, None, 0.2, rng.uniform(1e-4, 4e-4))
        return ring + 0.5 * modal(rng, [rng.uniform(120, 300)], [0.02], [1], 0.2, 1e-3)

    return *lay(rng, n, instants(rng, n, rng.uniform(0.28, 0.7), 0.06), one), (98, 120)


def nail_gun(rng, n):
    def one():
        blow = peak_one(burst(rng, 0.012, 500, 9000, 0.3, 1e-4))
        blow = blow + 0.8 * peak_one(modal(rng, rng.uniform(200, 900, 5), rng.uniform(0.006, 0.02, 5), None, 0.3, 5e-4))
        return blow + 0.3 * np.roll(peak_one(burst(rng, 0.03, 1500, 9000, 0.3, 3e-3)), int(0.03 * RATE_HZ))

    return *lay(rng, n, instants(rng, n, rng.uniform(0.6, 1.6), 0.3), one), (105, 126)


def planks(rng, n):
    hz = rng.uniform(150, 900)

    def one():
        board = plate(rng, hz, 12, 0.03, rng.uniform(2e-4, 8e-4), 0.25, 0.6)
        return board + 0.7 * peak_one(burst(rng, 0.006, 200, 3000, 0.25))

    return *bounce(rng, n, one, rng.uniform(0.1, 0.35), rng.uniform(0.4, 0.65)), (100, 122)


def plates_drop(rng, n):
    def one():
        return plate(rng, rng.uniform(900, 2500), 14, rng.uniform(0.02, 0.12), 6e-5, 0.4, 0.5)

    return *bounce(rng, n, one, rng.uniform(0.06, 0.2), rng.uniform(0.5, 0.75)), (90, 112)


def dumpster(rng, n):
    hz = rng.uniform(35, 90)

    def one():
        return plate(rng, hz, 45, rng.uniform(0.15, 0.5), rng.uniform(2e-4, 1.5e-3), 1.4, 0.55)

    return *lay(rng, n, instants(rng, n, 1.4, 0.5, count=int(rng.integers(1, 4))), one), (103, 122)


def truck_plate(rng, n):
    """Two axles, or four, over a steel plate in the road."""
    hz = rng.uniform(28, 70)
    t = rng.uniform(0.8, 1.5)
    gap_s = rng.uniform(0.12, 0.35)
    at_s = [t, t + gap_s] + ([t + gap_s * 2.4, t + gap_s * 2.8] if rng.random() < 0.5 else [])

    def one():
        return plate(rng, hz, 25, 0.2, rng.uniform(1e-3, 4e-3), 0.8, 0.6)

    y, at_s = lay(rng, n, at_s, one)
    passing = np.exp(-(((np.arange(n) / RATE_HZ - t) / 1.2) ** 2))
    return peak_one(y) + 0.06 * coloured(rng, n, -6, 25, 1500) * passing, at_s, (100, 116)


def basketball(rng, n):
    floor_hz, ball_hz = rng.uniform(70, 110), rng.uniform(500, 1100)

    def one():
        hz = [floor_hz, ball_hz, ball_hz * 1.6, ball_hz * 2.3]
        ball = modal(rng, hz, [0.03, 0.02, 0.014, 0.01], [1, 0.5, 0.3, 0.2], 0.3, rng.uniform(1e-3, 3e-3))
        return ball + 0.2 * peak_one(burst(rng, 0.004, 300, 4000, 0.3))

    return *lay(rng, n, instants(rng, n, rng.uniform(0.45, 0.8), 0.08), one, 1.5), (84, 102)


def jackhammer(rng, n):
    hz = rng.uniform(300, 5000, 10)

    def one():
        chisel = modal(rng, hz, np.full(10, rng.uniform(0.003, 0.012)), None, 0.06, 2e-4)
        return chisel + 0.5 * peak_one(burst(rng, 0.008, 200, 6000, 0.06))

    start_s = rng.uniform(0.2, 1.5)
    return *lay(rng, n, instants(rng, n, 1 / rng.uniform(16, 28), 0.03, start_s), one, 1.5), (104, 120)


def glass(rng, n):
    y = np.zeros(n)
    t = rng.uniform(0.6, 1.5)
    pane = peak_one(plate(rng, 1800, 18, 0.03, 4e-5, 0.4)) + 0.8 * peak_one(burst(rng, 0.01, 1500, 12000, 0.4))
    y[int(t * RATE_HZ) : int(t * RATE_HZ) + len(pane)] += pane
    for _ in range(rng.integers(15, 60)):
        shard = peak_one(modal(rng, rng.uniform(2500, 12000, 4), rng.uniform(0.005, 0.04, 4), None, 0.12, 3e-5))
        shard = shard * rng.uniform(0.03, 0.35)
        at = int((t + rng.exponential(0.35)) * RATE_HZ)
        if at < n:
            y[at : at + len(shard)] += shard[: max(0, n - at)]
    return y, [t], (96, 116)


def wood_chop(rng, n):
    def one():
        log = modal(rng, rng.uniform(150, 1600, 8), rng.uniform(0.006, 0.03, 8), None, 0.25, rng.uniform(3e-4, 1e-3))
        return log + 0.4 * peak_one(burst(rng, 0.01, 300, 5000, 0.25))

    return *lay(rng, n, instants(rng, n, rng.uniform(1.1, 1.8), 0.15), one), (92, 112)


def ball_bat(rng, n):
    hz = rng.choice([rng.uniform(150, 600), rng.uniform(1500, 2600)])

    def one():
        bat = modal(rng, [hz, hz * 1.9, hz * 3.1, hz * 4.4], [0.05, 0.02, 0.01, 0.006], None, 0.25, 5e-4)
        return bat + 0.6 * peak_one(burst(rng, 0.004, 500, 8000, 0.25))

    return *lay(rng, n, instants(rng, n, 2.2, 0.4, count=2), one), (98, 116)


def hooves(rng, n):
    def one():
        return modal(rng, rng.uniform(500, 2200, 4), rng.uniform(0.004, 0.014, 4), None, 0.1, 4e-4)

    return *lay(rng, n, instants(rng, n, rng.uniform(0.14, 0.3), 0.15), one, 3), (80, 100)


def train(rng, n):
    """Two axles over each joint of the rails."""
    rolling = coloured(rng, n, -3, 40, 5000) * 0.15
    gap_s = rng.uniform(0.4, 0.9)
    at_s = [t + after_s for t in instants(rng, n, gap_s, 0.02) for after_s in (0, gap_s * 0.18)]
    at_s = [t for t in at_s if t < n / RATE_HZ - 0.3]

    def one():
        return modal(rng, rng.uniform(80, 1800, 12), rng.uniform(0.01, 0.05, 12), None, 0.25, 1e-3)

    joints, at_s = lay(rng, n, at_s, one, 1.5)
    return rolling + joints, at_s, (92, 108)


def pans(rng, n):
    hz = rng.uniform(180, 700)

    def one():
        return plate(rng, hz, 18, rng.uniform(0.08, 0.5), 8e-5, 0.9, 0.4)

    return *lay(rng, n, instants(rng, n, rng.uniform(0.3, 1.2), 0.4), one, 4), (92, 114)


def hail(rng, n):
    """On a car's roof."""
    hz = rng.uniform(80, 250)
    at_s = sorted(rng.uniform(0.1, n / RATE_HZ - 0.4, int(n / RATE_HZ * rng.uniform(6, 25))))
    return *lay(rng, n, at_s, lambda: plate(rng, hz, 22, 0.03, 2e-4, 0.15, 0.5), 6), (88, 106)


def pallet(rng, n):
    def one():
        wood = peak_one(modal(rng, rng.uniform(80, 1200, 14), rng.uniform(0.01, 0.04, 14), None, 0.4, 8e-4))
        return wood + 0.6 * peak_one(burst(rng, 0.015, 150, 4000, 0.4))

    return *lay(rng, n, instants(rng, n, 1.6, 0.4, count=int(rng.integers(1, 4))), one), (104, 124)


def footsteps(rng, n):
    def one():
        return modal(rng, rng.uniform(150, 2500, 6), rng.uniform(0.003, 0.012, 6), None, 0.1, 5e-4)

    return *lay(rng, n, instants(rng, n, rng.uniform(0.35, 0.6), 0.05), one, 2), (70, 90)
