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
# In yards: bursts and bare blasts above all, and blows, strokes and hammers as loud behind their own echoes.
YARD_WORLDS = {"shots": 0.07, "faint-shots": 0.07, "distractors": 0.07, "faint-others": 0.09}
YARD_SYNTHETIC = {"automatic": 1320, "open_blast": 1440, "supersonic": 600, "near_blast": 420, "game_shot": 900, "loud_shot": 360, "impact": 540, "slam": 540,
                  "snap": 540, "stroke": 720, "single": 780, "drill": 720, "double": 600, "hammering": 660, "swing": 180, "fall": 300, "drum": 420, "pop": 300,
                  "bark": 180, "crackle": 360, "drops": 210, "rotor": 210, "rush": 210, "explosion": 420, "thunder": 240, "firework": 150, "vehicle": 180, "glass": 120}
# Overdriven.
BLOWN_WORLDS = {"shots": 0.03, "faint-shots": 0.03, "distractors": 0.03, "faint-others": 0.03}
BLOWN_SYNTHETIC = {"blown_shot": 1300, "game_shot": 450, "near_blast": 150, "explosion": 400, "thunder": 180, "slam": 350, "stroke": 450, "single": 250, "drum": 350,
                   "swing": 180, "snap": 150, "rush": 180, "rotor": 120, "bark": 180, "firework": 80, "vehicle": 150, "pop": 220, "impact": 250, "hammering": 100}
# Held at one level.
FLAT_WORLDS = {"shots": 0.05, "faint-shots": 0.04, "distractors": 0.04, "faint-others": 0.04}
FLAT_SYNTHETIC = {"automatic": 650, "open_blast": 460, "supersonic": 200, "near_blast": 320, "close_shot": 320, "loud_shot": 130, "blown_shot": 160,
                  "slam": 320, "impact": 260, "stroke": 260, "single": 260, "drum": 320, "hammering": 290, "thunder": 320, "explosion": 160, "snap": 130, "drill": 230,
                  "double": 160, "handling": 390, "dropout": 290, "bark": 130, "pop": 130, "vehicle": 100, "glass": 60, "firework": 60, "rush": 100, "rotor": 100, "fall": 130}
# Copies of each recorded impulse at other speeds and so on.
VARIED = {"shot": 5.4, "percussion_hit": 7.2, "street": 0.48, "unsure": 0, "music_loop": 4.2, "helicopter": 4.8, "rain": 7.2, "sea_waves": 3.6, "fire_crackling": 5.4, "echo": 0.3,
          "door": 12, "explosion": 7.2, "dog_bark": 1.8, "person_sneeze": 2.4, "clock_tick": 2.4, "baby_cry": 1.5, "rooster": 1.5, "chainsaw": 2.4, "impact_weapon": 2.4}
STEADY_OTHERS = ("rain", "wind", "sea_waves", "stream", "city", "train", "storm", "water", "crowd", "machine")
# Of these a part is heard late, as game shots are.
LATE = ("stroke", "impact", "slam", "swing", "snap", "fall", "drum", "bark", "explosion", "glass", "loud_shot", "close_shot")
# Copies of each impulse of recordings from elsewhere; what is not named: 3.
OTHERS = {"shot": 45, "percussion_hit": 8, "note": 2, "impact_weapon": 6, "door": 6, "impact": 5, "fire_crackling": 8, "helicopter": 8, "wind": 6, "rain": 4, "storm": 4, "machine": 4, "gun_handling": 4,
          "engine": 2, "water": 2, "voice": 1, "animals": 1, "stream": 1, "birds": 1, "boat": 1, "crickets": 1}
