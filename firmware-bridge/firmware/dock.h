/*
 * What the dock does, without its hardware: inputs and time in, outputs out. The rules that protect people and drones stand here,
 * on the last machine before the motor, and hold whatever the host says or does not say:
 *   - the stop button cuts motor and charger and stays latched until it is turned out;
 *   - the door does not start to close, and turns back, while the light barrier is broken or the pad has just changed;
 *   - a motor that does not reach its limit switch in time is switched off: jammed;
 *   - a silent host: a closing door turns back, an opening one goes on, the charger goes off.
 */
#ifndef TOCSIN_DOCK_H
#define TOCSIN_DOCK_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_SILENT_MS 2000u
#define MOTOR_LIMIT_MS 15000u
#define REVERSE_PAUSE_MS 300u
#define PAD_SETTLE_MS 2000u

enum door { DOOR_UNKNOWN, DOOR_IS_OPEN, DOOR_IS_CLOSED, DOOR_OPENING, DOOR_CLOSING, DOOR_JAMMED };
enum motor { MOTOR_OFF, MOTOR_TO_OPEN, MOTOR_TO_CLOSE };

struct dock {
    enum door door;
    enum motor motor;
    bool charger;
    bool tamper_latch;
    bool stop_latch;
    bool host_silent;
    uint8_t inputs;
    /* Motor on since; rest before a reversal until; pad changed at; host heard at. Milliseconds, they wrap. */
    uint32_t motor_since;
    uint32_t rest_until;
    bool resting;
    enum motor after_rest;
    uint32_t pad_since;
    bool pad_moving;
    uint32_t host_at;
};

void dock_begin(struct dock *dock, uint8_t inputs, uint32_t now);
/* Once a millisecond or so. `inputs` are INPUT_* bits. */
void dock_step(struct dock *dock, uint8_t inputs, uint32_t now);
/* A valid frame came from the host. */
void dock_heard_host(struct dock *dock, uint32_t now);
/* A command; returns RESULT_*. */
uint8_t dock_command(struct dock *dock, uint8_t type, uint8_t argument, uint32_t now);

#endif
