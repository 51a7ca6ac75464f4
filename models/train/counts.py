"""How many copies of each recorded, simulated or made-up sound the sets of draw.py hold: hard and rare ones more often."""

# Copies of each recorded impulse, by kind, for each network: hard and rare ones more often. 0: none.
RARE = {"echo": 0.6, "door": 37, "explosion": 19, "dog_bark": 3.7, "person_sneeze": 5, "clock_tick": 5.5, "fire_crackling": 5,
        "baby_cry": 3.7, "rooster": 3.7, "chainsaw": 7.4}
COPIES = {
    "second": {**RARE, "shot": 18, "percussion_hit": 18, "street": 1.6, "unsure": 0, "music_loop": 12, "helicopter": 4, "rain": 9, "sea_waves": 8},
    "third": {**RARE, "shot": 14, "percussion_hit": 16, "street": 1.2, "unsure": 0, "music_loop": 10, "helicopter": 5, "rain": 11, "sea_waves": 7},
}
# So many of the copies are recorded once more, by another recorder.
RECORDED_AGAIN = {"second": 0, "third": 0.3}
# Copies of each impulse of the simulated world, and clips of our own synthesis.
WORLD = {"glass": 3, "door": 3, "babble": 5, "metal": 2, "hammer": 3, "backfire": 2}
SIMULATED = {
    "second": {**WORLD, "gunshot": 4, "sim_echo": 0.4, "sim_noise": 0.8, "firecrackers": 0.8, "firework": 2.5, "balloon": 2.5},
}
# Copies of each impulse of spoken words.
SPEECH = 0.3
SYNTHETIC = {"gunshot": 2000, "close_shot": 3000, "firework": 1000, "vehicle": 600, "impact": 1400, "glass": 500,
             "crackle": 1500, "drum": 2500, "drops": 800, "hammering": 1000, "pop": 900, "fall": 800, "bark": 700}
# The same for the faint and otherwise recorded ones; what comes with a shot is plenty.
FAINT = {"gunshot": 1.7, "firecrackers": 2, "sim_noise": 0.5, "sim_echo": 0.2}
FAINT_OTHERS = {"sim_noise": 1.5, "sim_echo": 0.8, "firecrackers": 2}
FAINT_SYNTHETIC = {"gunshot": 500, "close_shot": 900, "impact": 500, "drum": 500, "hammering": 300, "pop": 200, "fall": 200, "crackle": 300, "drops": 200}
# Pressed clips, as films and games and overdriven recorders have them: this part of the simulated world's events, less of what came
# with them, and so many of our own synthesis.
LOUD_WORLDS = {"shots": 1.0, "faint-shots": 0.4, "distractors": 0.25, "faint-others": 0.4}
BESIDE = 0.2
LOUD_SYNTHETIC = {"loud_shot": 4500, "gunshot": 500, "close_shot": 700, "explosion": 800, "thunder": 450, "firework": 400, "vehicle": 250, "impact": 1000,
                  "glass": 150, "crackle": 400, "drum": 1300, "drops": 250, "hammering": 350, "pop": 400, "fall": 350, "bark": 250}
# Shots close by and from sound libraries, and as much else, through the same limiters, codecs and scissors.
NEAR_WORLDS = {"shots": 0.5, "faint-shots": 0.3, "distractors": 0.15, "faint-others": 0.3}
NEAR_SYNTHETIC = {"near_blast": 3500, "game_shot": 6500, "loud_shot": 1200, "gunshot": 500, "close_shot": 600, "firework": 300, "vehicle": 350, "glass": 200,
                  "stroke": 2300, "drum": 800, "impact": 900, "slam": 800, "swing": 600, "hammering": 200, "fall": 200, "snap": 1500, "crackle": 700,
                  "rush": 1500, "drops": 600, "rotor": 1500, "pop": 350, "bark": 450, "explosion": 300, "thunder": 250}
# Bursts, bullets, faint and bare blasts, and as many blows, strokes and drills.
FIRE_WORLDS = {"shots": 0.15, "faint-shots": 0.15, "distractors": 0.08, "faint-others": 0.15}
FIRE_SYNTHETIC = {"automatic": 2200, "supersonic": 1500, "open_blast": 1200, "near_blast": 600, "game_shot": 900, "drill": 1400, "double": 1400, "single": 2000,
                  "stroke": 700, "impact": 400, "slam": 500, "swing": 500, "hammering": 200, "fall": 200, "snap": 300, "rotor": 300, "rush": 300, "drops": 150,
                  "pop": 150, "bark": 200, "explosion": 150, "firework": 150, "vehicle": 150}
STEADY_OTHERS = ("rain", "wind", "sea_waves", "stream", "city", "train", "storm", "water", "crowd", "machine")
# Of these a part is heard late, as game shots are.
LATE = ("stroke", "impact", "slam", "swing", "snap", "fall", "drum", "bark", "explosion", "glass", "loud_shot", "close_shot")
# Copies of each impulse of recordings from elsewhere; what is not named: 3.
OTHERS = {"shot": 45, "percussion_hit": 8, "note": 2, "impact_weapon": 6, "door": 6, "impact": 5, "fire_crackling": 8, "helicopter": 8, "wind": 6, "rain": 4, "storm": 4, "machine": 4, "gun_handling": 4,
          "engine": 2, "water": 2, "voice": 1, "animals": 1, "stream": 1, "birds": 1, "boat": 1, "crickets": 1}
