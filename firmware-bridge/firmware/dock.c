#include "dock.h"
#include "protocol.h"

static bool past(uint32_t now, uint32_t then) {
    return (int32_t)(now - then) >= 0;
}

static bool obstructed(const struct dock *dock) {
    return (dock->inputs & INPUT_BARRIER) || dock->pad_moving;
}

static void motor_off(struct dock *dock) {
    dock->motor = MOTOR_OFF;
    dock->resting = false;
}

static void settle(struct dock *dock) {
    motor_off(dock);
    bool open = dock->inputs & INPUT_AT_OPEN;
    bool closed = dock->inputs & INPUT_AT_CLOSED;
    /* Both switches at once is a broken wire: nothing is known. */
    dock->door = open == closed ? DOOR_UNKNOWN : open ? DOOR_IS_OPEN : DOOR_IS_CLOSED;
}

static void drive(struct dock *dock, enum motor motor, uint32_t now) {
    if (dock->motor == motor && !dock->resting) return;
    dock->door = motor == MOTOR_TO_OPEN ? DOOR_OPENING : DOOR_CLOSING;
    if (dock->motor != MOTOR_OFF || dock->resting) {
        /* Both relays at once would short the supply: a pause between the directions. */
        dock->motor = MOTOR_OFF;
        dock->resting = true;
        dock->rest_until = now + REVERSE_PAUSE_MS;
        dock->after_rest = motor;
        return;
    }
    dock->motor = motor;
    dock->motor_since = now;
}

void dock_begin(struct dock *dock, uint8_t inputs, uint32_t now) {
    *dock = (struct dock){0};
    dock->inputs = inputs;
    dock->host_at = now;
    dock->host_silent = true;
    settle(dock);
}

void dock_heard_host(struct dock *dock, uint32_t now) {
    dock->host_at = now;
    dock->host_silent = false;
}

void dock_step(struct dock *dock, uint8_t inputs, uint32_t now) {
    if ((inputs ^ dock->inputs) & INPUT_PAD) {
        dock->pad_since = now;
        dock->pad_moving = true;
    } else if (dock->pad_moving && past(now, dock->pad_since + PAD_SETTLE_MS)) {
        dock->pad_moving = false;
    }
    dock->inputs = inputs;
    if (inputs & INPUT_TAMPER) dock->tamper_latch = true;
    dock->stop_latch = inputs & INPUT_STOP;
    if (past(now, dock->host_at + HOST_SILENT_MS)) dock->host_silent = true;
    if (dock->host_silent) dock->charger = false;

    if (dock->stop_latch) {
        dock->charger = false;
        if (dock->motor != MOTOR_OFF || dock->resting) settle(dock);
        return;
    }
    if (dock->door == DOOR_CLOSING && (obstructed(dock) || dock->host_silent)) drive(dock, MOTOR_TO_OPEN, now);
    if (dock->resting && past(now, dock->rest_until)) {
        dock->resting = false;
        dock->motor = dock->after_rest;
        dock->motor_since = now;
    }
    if (dock->motor == MOTOR_OFF) {
        if (!dock->resting && dock->door != DOOR_JAMMED) settle(dock);
        return;
    }
    bool arrived = inputs & (dock->motor == MOTOR_TO_OPEN ? INPUT_AT_OPEN : INPUT_AT_CLOSED);
    if (arrived) {
        settle(dock);
    } else if (past(now, dock->motor_since + MOTOR_LIMIT_MS)) {
        motor_off(dock);
        dock->door = DOOR_JAMMED;
    }
}

uint8_t dock_command(struct dock *dock, uint8_t type, uint8_t argument, uint32_t now) {
    switch (type) {
    case MSG_HELLO:
    case MSG_ALIVE:
        return RESULT_OK;
    case MSG_TAMPER_OK:
        dock->tamper_latch = dock->inputs & INPUT_TAMPER;
        return RESULT_OK;
    case MSG_CHARGER:
        if (argument > 1) return RESULT_UNSUPPORTED;
        if (argument && dock->stop_latch) return RESULT_STOPPED;
        dock->charger = argument;
        return RESULT_OK;
    case MSG_DOOR:
        if (argument == DOOR_STOP) {
            settle(dock);
            return RESULT_OK;
        }
        if (argument > DOOR_CLOSE) return RESULT_UNSUPPORTED;
        if (dock->stop_latch) return RESULT_STOPPED;
        if (argument == DOOR_CLOSE && obstructed(dock)) return RESULT_OBSTRUCTED;
        if (dock->inputs & (argument == DOOR_OPEN ? INPUT_AT_OPEN : INPUT_AT_CLOSED)) {
            if (dock->motor == MOTOR_OFF && !dock->resting) return RESULT_OK;
        }
        drive(dock, argument == DOOR_OPEN ? MOTOR_TO_OPEN : MOTOR_TO_CLOSE, now);
        return RESULT_OK;
    default:
        return RESULT_UNSUPPORTED;
    }
}
