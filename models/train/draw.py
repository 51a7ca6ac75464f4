"""Draws what is learned from: recorded clips (with the fold they belong to), simulated and synthetic ones, as recorders change them."""

import numpy as np

import counts
import net
from augment import augment, coloured
from data import CLASS_OF, ECHO_DB, KIND_CLASS, MARGIN, Set, fold_of, load, mark_weaker, permissive
from recorder import Recorder
from synth import MAKERS, RATE
from synth_blown import MAKERS as BLOWN, overdrive
from synth_faults import MAKERS as FAULTS, flattened
from synth_fire import MAKERS as FIRE
from synth_loud import MAKERS as LOUD, press
from synth_near import MAKERS as NEAR, heard_late, process
from synth_negatives import MAKERS as NEGATIVES
from synth_street import MAKERS as STREET
from synth_yard import in_yard

ALL = {**MAKERS, **NEGATIVES, **LOUD, **NEAR, **STREET, **FIRE, **BLOWN, **FAULTS}


def noise_pools(rows, clips, kinds, rng, unsure):
    """Quiet clips by fold, so that no fold is trained with another's noise."""
    pools = {}
    for i in rng.permutation(len(rows)):
        if rows[i]["what"] in kinds and (unsure or not rows[i].get("unsure")) and permissive(rows[i]):
            pool = pools.setdefault(fold_of(rows[i]), [])
            if len(pool) < 120:
                x = np.array(clips[i, : net.SAMPLES], np.float64)
                pool.append(x / (x.std() + 1e-9))
    return pools


def quiet(world):
    """Noise of the simulated street."""
    rows, clips = world
    places = [i for i, row in enumerate(rows) if row["what"] == "sim_noise"][:150]
    pool = [np.array(clips[i, : net.SAMPLES], np.float64) for i in places]
    return [x / (x.std() + 1e-9) for x in pool]


def shifted(clip, rng):
    shift = MARGIN + rng.integers(-30, 31)
    return np.array(clip[shift : shift + net.SAMPLES], np.float64)


def misplaced(rng, x):
    """The onset a little off, whatever was cut away before it: pickers err so, with files that begin with their sound above all."""
    way = rng.random()
    late = rng.normal(0, 0.4e-3) if way < 0.65 else rng.uniform(-1e-3, 2e-3) if way < 0.85 else 0.0
    return np.roll(x, -int(round(late * RATE)))


def recorded(folder, rng, member, size=1.0):
    copies = counts.COPIES[member]
    rows, clips = load(folder, "real")
    mark_weaker(rows)
    pools = noise_pools(rows, clips, ("street", "rain", "sea_waves", "helicopter"), rng, copies["unsure"] > 0)
    recorder = Recorder(rng) if counts.RECORDED_AGAIN[member] else None
    out = Set()
    for row, clip in zip(rows, clips):
        if row["what"] == "ungrouped" or not permissive(row):
            continue
        if row["what"] == "echo" and row["weakerDb"] < ECHO_DB:
            continue
        fold = fold_of(row)
        count = copies["unsure"] if row.get("unsure") else copies.get(row["what"], 1)
        if count == 0:
            continue
        for k in range(int(count * size + rng.random())):
            x = shifted(clip, rng)
            if recorder and k > 0 and rng.random() < counts.RECORDED_AGAIN[member]:
                x = recorder.record(rng, x, pools[fold], False)
            else:
                x = augment(rng, x, pools[fold], False) if k > 0 or rng.random() < 0.5 else x.astype(np.float32)
            out.add(x, CLASS_OF.get(row["what"], "other"), fold, row["what"])
    return out.arrays()


def simulated(folder, rng, member, size=1.0):
    """The simulated world and our own synthesis: nothing recorded."""
    worlds = [load(folder, name) for name in ("sim", "distractors", "shots")]
    rows, clips = worlds[0]
    pool = [np.array(clips[i, : net.SAMPLES], np.float64) for i in range(len(rows)) if rows[i]["of"] == "noise"][:200]
    pool = [x / (x.std() + 1e-9) for x in pool]
    out = Set()
    for rows, clips in worlds:
        mark_weaker(rows)
        for row, clip in zip(rows, clips):
            what = row["what"]
            if what == "sim_echo" and row["of"] == "gunshot" and row["weakerDb"] < ECHO_DB:
                continue
            name = row["soundClass"]
            if what == "sim_echo" and row["of"] != "gunshot":
                name = KIND_CLASS[row["of"]]
            for k in range(int(counts.SIMULATED[member].get(what, 1) * size + rng.random())):
                x = shifted(clip, rng)
                out.add(augment(rng, x, pool, False) if k > 0 or rng.random() < 0.4 else x.astype(np.float32), name, -1, what)
    rows, clips = load(folder, "speech")
    for row, clip in zip(rows, clips):
        for _ in range(int(counts.SPEECH * size + rng.random())):
            x = shifted(clip, rng)
            out.add(augment(rng, x, pool, False) if rng.random() < 0.6 else x.astype(np.float32), "other", -1, "speech")
    for name, count in counts.SYNTHETIC.items():
        for _ in range(int(count * size)):
            sound = np.roll(ALL[name](rng), rng.integers(-18, 19))
            out.add(augment(rng, sound, pool, True), KIND_CLASS.get(name, name), -1, name)
    return out.arrays()


def faint(folder, rng, _member, size=1.0):
    """More of the simulated world, down to what is hardly above the street, through recorders of recorder.py."""
    worlds = [(load(folder, "faint-shots"), counts.FAINT, 1), (load(folder, "faint-others"), counts.FAINT_OTHERS, 4)]
    pool = quiet(worlds[1][0])
    recorder = Recorder(rng)
    out = Set()
    for (rows, clips), copies, most in worlds:
        mark_weaker(rows)
        for row, clip in zip(rows, clips):
            what, of = row["what"], row["of"]
            if what == "sim_echo" and of == "gunshot" and row["weakerDb"] < ECHO_DB:
                continue
            name = KIND_CLASS[of] if what == "sim_echo" and of != "gunshot" else row["soundClass"]
            for k in range(int(copies.get(what, most) * size + rng.random())):
                x = shifted(clip, rng)
                out.add(recorder.record(rng, x, pool, False) if k > 0 or rng.random() < 0.6 else x.astype(np.float32), name, -1, what)
    for name, count in counts.FAINT_SYNTHETIC.items():
        for _ in range(int(count * size)):
            sound = np.roll(ALL[name](rng), rng.integers(-18, 19))
            out.add(recorder.record(rng, sound, pool, True), KIND_CLASS.get(name, name), -1, name)
    return out.arrays()


def street(folder, rng, _member, size=1.0):
    """Chance peaks of street noise alone."""
    rows, clips = load(folder, "street")
    recorder = Recorder(rng)
    out = Set()
    for row, clip in zip(rows, clips):
        out.add(shifted(clip, rng).astype(np.float32), row["soundClass"], -1, row["what"])
        if rng.random() < 0.4 * size:
            out.add(recorder.record(rng, shifted(clip, rng), [], False), row["soundClass"], -1, row["what"])
    return out.arrays()


def parts_of(folder, rng, parts, size):
    """Clip, class and kind of a part of each simulated world."""
    for world, part in parts.items():
        rows, clips = load(folder, world)
        mark_weaker(rows)
        for row, clip in zip(rows, clips):
            what, of = row["what"], row["of"]
            if rng.random() >= size * part * (counts.BESIDE if what.startswith("sim_") else 1):
                continue
            if what == "sim_echo" and of == "gunshot" and row["weakerDb"] < ECHO_DB:
                continue
            yield shifted(clip, rng), KIND_CLASS[of] if what == "sim_echo" and of != "gunshot" else row["soundClass"], what


def loud(folder, rng, _member, size=1.0):
    """Sounds of all kinds through limiters and overloads, and the shots, explosions and thunder of synth_loud.py."""
    pool = quiet(load(folder, "faint-others"))
    recorder = Recorder(rng)
    out = Set()

    def add(x, name, what, clean):
        out.add(recorder.record(rng, x, pool, clean) if rng.random() < 0.45 else augment(rng, x, pool, clean), name, -1, what)

    for clip, name, what in parts_of(folder, rng, counts.LOUD_WORLDS, size):
        add(press(rng, clip), name, what, False)
    for name, count in counts.LOUD_SYNTHETIC.items():
        for _ in range(int(count * size)):
            sound = np.roll(ALL[name](rng), rng.integers(-18, 19))
            if name not in LOUD and rng.random() < 0.7:
                sound = press(rng, sound)
            add(sound, KIND_CLASS.get(name, name), name, True)
    return out.arrays()


def close_by(folder, rng, size, worlds, synthetic, pool, least_db, around=None):
    """Shots and everything else as near microphones, limiters and sound libraries have them, at `least_db` of peak over noise and more."""
    recorder = Recorder(rng)
    out = Set()

    def add(x, name, what, clean):
        x = process(rng, x, recorder.rooms) if rng.random() < 0.85 else x
        x = x / (np.abs(x).max() + 1e-9)
        way = rng.random()
        if way < 0.4:  # as it is, or in some noise
            if rng.random() < 0.5:
                noise = pool[rng.integers(len(pool))] if rng.random() < 0.6 else coloured(rng, net.SAMPLES)
                x = x + 10 ** (-rng.uniform(least_db, 70) / 20) * noise
            x = (x * rng.choice([-1, 1])).astype(np.float32)
        else:
            x = recorder.record(rng, x, pool, clean) if way < 0.7 else augment(rng, x, pool, clean)
        out.add(misplaced(rng, x), name, -1, what)

    for clip, name, what in parts_of(folder, rng, worlds, size):
        add(clip, name, what, False)
    for name, count in synthetic.items():
        for _ in range(int(count * size)):
            sound = ALL[name](rng)
            if around and rng.random() < 0.8:
                sound = around(rng, sound)
            sound = np.roll(sound, rng.integers(-18, 19))
            if name in counts.LATE and rng.random() < 0.15:
                sound = heard_late(rng, sound)
            add(sound, KIND_CLASS.get(name, name), name, True)
    return out.arrays()


def near(folder, rng, _member, size=1.0):
    """Of synth_near.py and synth_street.py."""
    return close_by(folder, rng, size, counts.NEAR_WORLDS, counts.NEAR_SYNTHETIC, quiet(load(folder, "faint-others")), 22)


def steady_pool(folder, rng):
    """Recorded rain, wind, surf and towns, and the simulated street's noise."""
    rows, clips = load(folder, "others")
    steady = [i for i, row in enumerate(rows) if row["learn"] and row["what"] in counts.STEADY_OTHERS]
    pool = [np.array(clips[i, : net.SAMPLES], np.float64) for i in rng.permutation(steady)[:300]]
    return [x / (x.std() + 1e-9) for x in pool] + quiet(load(folder, "faint-others"))


def fire(folder, rng, _member, size=1.0):
    """Of synth_fire.py, down to faint ones."""
    return close_by(folder, rng, size, counts.FIRE_WORLDS, counts.FIRE_SYNTHETIC, steady_pool(folder, rng), 12)


def yard(folder, rng, _member, size=1.0):
    """In the yards of synth_yard.py, down to faint ones."""
    return close_by(folder, rng, size, counts.YARD_WORLDS, counts.YARD_SYNTHETIC, steady_pool(folder, rng), 12, in_yard)


def blown(folder, rng, _member, size=1.0):
    """Of synth_blown.py, and everything else overdriven as much."""
    return close_by(folder, rng, size, counts.BLOWN_WORLDS, counts.BLOWN_SYNTHETIC, steady_pool(folder, rng), 18, overdrive)


def flat(folder, rng, _member, size=1.0):
    """Held at one level, faults of recordings among what is no shot."""
    return close_by(folder, rng, size, counts.FLAT_WORLDS, counts.FLAT_SYNTHETIC, steady_pool(folder, rng), 12, flattened)


def others(folder, rng, _member, size=1.0):
    """Recordings of other systems that may be learned from (cut-others.ts), none of them in any fold."""
    pool = quiet(load(folder, "faint-others"))
    recorder = Recorder(rng)
    rows, clips = load(folder, "others")
    loudest = {}
    for row in rows:
        loudest[row["file"]] = max(loudest.get(row["file"], -200), row["peakDbFs"])
    out = Set()
    for row, clip in zip(rows, clips):
        shot = row["kind"] == "shot"
        if not row["learn"] or (shot and row["peakDbFs"] < loudest[row["file"]] - ECHO_DB):
            continue
        what = "other_shot" if shot else row["what"]
        for k in range(int(counts.OTHERS.get("shot" if shot else what, 3) * size + rng.random())):
            x = shifted(clip, rng)
            way = rng.random() if k > 0 else 1
            if way < 0.3:
                x = recorder.record(rng, x, pool, False)
            elif way < 0.6:
                x = process(rng, x, recorder.rooms)
                x = augment(rng, x, pool, False) if rng.random() < 0.5 else (x / (np.abs(x).max() + 1e-9)).astype(np.float32)
            else:
                x = augment(rng, x, pool, False) if k > 0 else x.astype(np.float32)
            out.add(misplaced(rng, x), "gunshot" if shot else CLASS_OF.get(what, "other"), -1, what)
    return out.arrays()


DRAWN = {"made": simulated, "recorded": recorded, "faint": faint, "street": street, "loud": loud, "near": near, "nearer": near, "others": others, "fire": fire, "yard": yard, "blown": blown, "flat": flat}
