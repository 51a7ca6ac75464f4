/*
 * What the robot's drive board does, without its hardware: inputs and time in, wheel speeds out. The rules that protect people stand
 * here, on the last machine before the motors, and hold whatever the host says or does not say:
 *   - the emergency stop is latched, also at every start; only the reset button at the robot ends it, when its circuit is whole again,
 *     and no message can (ISO 13850, 4.1.4);
 *   - while it is latched, and after 300 ms without a velocity from the host, the output is zero;
 *   - after either, nothing moves before the host has asked for zero once: a reset never starts a motion by itself;
 *   - speed, turn rate and acceleration are limited; nothing moves forward onto what is near in front.
 */
#ifndef TOCSIN_DRIVE_H
#define TOCSIN_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#define DRIVE_SILENT_MS 300u
#define DRIVE_SPEED_MAX_MMS 1500
#define DRIVE_YAW_MAX_MRADS 1500
/* Per millisecond. */
#define DRIVE_ACCELERATION_MMS 1
#define DRIVE_BRAKING_MMS 2
#define DRIVE_HALF_TRACK_MM 220
#define DRIVE_NEAR_MM 350u
#define DRIVE_RESET_MS 100u

struct drive {
    bool latched;
    bool pressed;
    bool silent;
    bool neutral;
    bool near;
    bool reset_pressed;
    /* The reset button was seen released since the circuit closed: one that is stuck resets nothing. */
    bool reset_armed;
    uint32_t reset_at;
    uint32_t host_at;
    uint8_t sequence;
    /* Asked: mm/s, and what the turn adds at the wheels. */
    int16_t speed;
    int16_t turn;
    /* Outputs, mm/s. */
    int16_t left;
    int16_t right;
};

void drive_begin(struct drive *drive, uint32_t now);
/* Every millisecond. `stop`: the circuit is open, or was since the last call. `front_mm`: nearest in front, 0 none. */
void drive_step(struct drive *drive, bool stop, bool reset, uint16_t front_mm, uint32_t now);
/* A velocity from the host. */
void drive_velocity(struct drive *drive, int16_t speed, int16_t yaw, uint8_t sequence, uint32_t now);
uint8_t drive_flags(const struct drive *drive);

#endif
