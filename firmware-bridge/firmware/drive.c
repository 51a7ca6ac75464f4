#include "drive.h"
#include "robot-protocol.h"

static bool past(uint32_t now, uint32_t then) {
    return (int32_t)(now - then) >= 0;
}

static int16_t within(int16_t value, int16_t most) {
    return value > most ? most : value < -most ? (int16_t)-most : value;
}

/* A step from `from` towards `to`: slower when speeding up than when slowing down. */
static int16_t towards(int16_t from, int16_t to) {
    bool braking = from > 0 ? to < from : from < 0 ? to > from : false;
    int16_t most = braking ? DRIVE_BRAKING_MMS : DRIVE_ACCELERATION_MMS;
    return (int16_t)(from + within((int16_t)(to - from), most));
}

static void halt(struct drive *drive) {
    drive->left = 0;
    drive->right = 0;
    drive->speed = 0;
    drive->turn = 0;
    drive->neutral = true;
}

void drive_begin(struct drive *drive, uint32_t now) {
    *drive = (struct drive){0};
    drive->latched = true;
    drive->silent = true;
    drive->host_at = now;
    halt(drive);
}

static void reset_button(struct drive *drive, bool pressed, uint32_t now) {
    if (drive->pressed) {
        drive->reset_armed = false;
    } else if (!pressed && !drive->reset_pressed) {
        drive->reset_armed = true;
    }
    if (pressed && !drive->reset_pressed) drive->reset_at = now;
    /* Acts when it is let go after a real press, with the circuit whole all the while. */
    if (!pressed && drive->reset_pressed && drive->reset_armed && past(now, drive->reset_at + DRIVE_RESET_MS)) {
        drive->latched = false;
    }
    drive->reset_pressed = pressed;
}

void drive_step(struct drive *drive, bool stop, bool reset, uint16_t front_mm, uint32_t now) {
    drive->pressed = stop;
    reset_button(drive, reset, now);
    if (stop) drive->latched = true;
    if (past(now, drive->host_at + DRIVE_SILENT_MS)) drive->silent = true;
    drive->near = front_mm != 0 && front_mm < DRIVE_NEAR_MM;
    if (drive->latched || drive->silent) {
        halt(drive);
        return;
    }
    int16_t speed = drive->near && drive->speed > 0 ? 0 : drive->speed;
    drive->left = towards(drive->left, (int16_t)(speed - drive->turn));
    drive->right = towards(drive->right, (int16_t)(speed + drive->turn));
}

void drive_velocity(struct drive *drive, int16_t speed, int16_t yaw, uint8_t sequence, uint32_t now) {
    drive->host_at = now;
    drive->silent = false;
    drive->sequence = sequence;
    if (drive->latched) return;
    if (speed == 0 && yaw == 0) drive->neutral = false;
    if (drive->neutral) return;
    drive->speed = within(speed, DRIVE_SPEED_MAX_MMS);
    drive->turn = (int16_t)((int32_t)within(yaw, DRIVE_YAW_MAX_MRADS) * DRIVE_HALF_TRACK_MM / 1000);
}

uint8_t drive_flags(const struct drive *drive) {
    return (uint8_t)((drive->latched ? DRIVE_LATCHED : 0) | (drive->pressed ? DRIVE_PRESSED : 0) |
                     (drive->silent ? DRIVE_SILENT : 0) | (drive->neutral ? DRIVE_NEUTRAL : 0) |
                     (drive->near ? DRIVE_FRONT_NEAR : 0) | (drive->reset_pressed ? DRIVE_RESET : 0));
}
