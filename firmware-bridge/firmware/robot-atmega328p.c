/*
 * The robot's drive board on an ATmega328P at 16 MHz. Wiring, with the Arduino's pin names:
 *   D8  PPS of the GNSS receiver (input capture)     D12 reset button, closes to ground
 *   D7  emergency stop circuit, to ground while whole (a broken wire stops)
 *   D2, D4  left wheel's encoder A, B                D5, D6  right wheel's encoder A, B
 *   D11, D9   left motor: speed (PWM), reverse       D3, D10 right motor: speed (PWM), reverse
 *   D13 drive enable: the motors' contactor; off, the brakes are on
 *   A0 to A3  MaxBotix LV ultrasonic ranges, 9.8 mV an inch: front left, front, front right, rear
 *   A4, A5  I2C, 400 kHz: MPU-6050 class inertial sensor (0x68), u-blox receiver (0x42, UBX-NAV-PVT)
 * UART 115200 8N1. Ticks are 0.5 us (timer 1, prescaler 8). Between milliseconds the processor sleeps.
 */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "drive.h"
#include "frame.h"
#include "protocol.h"
#include "robot-protocol.h"
#include "robot-wheels.h"
#include "twi.h"
#include "uart.h"
#include "ubx.h"

#define IMU 0x68
#define GNSS 0x42

static struct drive drive;
static struct frame_reader reader;
static struct ubx_reader ubx;
static uint8_t reset_cause;
static uint8_t sequence;
static uint8_t faults;
static uint16_t ranges_mm[4];

static uint8_t *put16(uint8_t *at, uint16_t value) {
    *at++ = (uint8_t)value;
    *at++ = (uint8_t)(value >> 8);
    return at;
}

static uint8_t *put32(uint8_t *at, uint32_t value) {
    return put16(put16(at, (uint16_t)value), (uint16_t)(value >> 16));
}

static void send_identity(void) {
    uint8_t payload[8] = {MSG_IDENTITY, sequence++, PROTOCOL_VERSION, reset_cause};
    put32(payload + 4, TICKS_PER_S);
    uart_send(payload, 8);
}

static void send_drive(uint32_t now) {
    uint8_t payload[14] = {MSG_DRIVE, sequence++, (uint8_t)(drive_flags(&drive) | faults), drive.sequence};
    put16(put32(put16(put16(payload + 4, (uint16_t)drive.left), (uint16_t)drive.right), now), reader.refused);
    uart_send(payload, 14);
}

static void send_wheels(void) {
    int32_t left;
    int32_t right;
    wheels_counts(&left, &right);
    uint8_t payload[14] = {MSG_WHEELS, sequence++};
    put32(put32(put32(payload + 2, ticks()), (uint32_t)left), (uint32_t)right);
    uart_send(payload, 14);
}

/* Awake, clock from the gyro, 94 Hz filter (MPU-6050 register map, 4.28 and 4.3). */
static void begin_imu(void) {
    faults |= DRIVE_IMU_FAULT;
    if (twi_write(IMU, 0x6B, 0x01) && twi_write(IMU, 0x1A, 0x02)) faults &= (uint8_t)~DRIVE_IMU_FAULT;
}

static void send_imu(void) {
    uint8_t raw[14];
    uint32_t tick = ticks();
    if (!twi_read(IMU, 0x3B, raw, sizeof raw)) {
        faults |= DRIVE_IMU_FAULT;
        return;
    }
    if (faults & DRIVE_IMU_FAULT) begin_imu();
    uint8_t payload[18] = {MSG_IMU, sequence++};
    uint8_t *at = put32(payload + 2, tick);
    /* Big-endian in the sensor; its temperature stands between acceleration and rate. */
    for (uint8_t i = 0; i < 14; i += 2) {
        if (i != 6) at = put16(at, (uint16_t)((uint16_t)raw[i] << 8 | raw[i + 1]));
    }
    uart_send(payload, 18);
}

static void send_gnss(uint32_t tick) {
    const uint8_t *pvt = ubx.payload;
    uint8_t payload[44] = {MSG_GNSS, sequence++};
    uint8_t *at = put32(payload + 2, tick);
    /* iTOW; fixType and numSV; lon, lat, height; hAcc, vAcc; velN, velE; sAcc. */
    static const struct {
        uint8_t from;
        uint8_t count;
    } fields[] = {{0, 4}, {20, 1}, {23, 1}, {24, 12}, {40, 16}, {68, 4}};
    for (uint8_t f = 0; f < sizeof fields / sizeof *fields; f++) {
        for (uint8_t i = 0; i < fields[f].count; i++) *at++ = pvt[fields[f].from + i];
    }
    uart_send(payload, 44);
}

/* At most 32 bytes a call. */
static void read_gnss(void) {
    static uint32_t first;
    uint8_t bytes[32];
    if (!twi_read(GNSS, 0xFD, bytes, 2)) {
        faults |= DRIVE_GNSS_FAULT;
        return;
    }
    faults &= (uint8_t)~DRIVE_GNSS_FAULT;
    uint16_t waiting = (uint16_t)((uint16_t)bytes[0] << 8 | bytes[1]);
    if (waiting == 0) return;
    uint32_t tick = ticks();
    uint8_t count = waiting < sizeof bytes ? (uint8_t)waiting : (uint8_t)sizeof bytes;
    if (!twi_read(GNSS, 0xFF, bytes, count)) return;
    for (uint8_t i = 0; i < count; i++) {
        if (ubx.at == 0) first = tick;
        if (ubx_read(&ubx, bytes[i])) send_gnss(first);
    }
}

/* The last conversion; starts the next. Each of the four every 20 ms. */
static void read_range(void) {
    static uint8_t channel;
    /* 1024 steps of 5 V; 5 V / 512 an inch: a step is 12.7 mm. */
    ranges_mm[channel] = (uint16_t)((uint32_t)ADC * 127u / 10u);
    channel = (uint8_t)((channel + 1) & 3);
    ADMUX = (uint8_t)(_BV(REFS0) | channel);
    ADCSRA |= _BV(ADSC);
}

static uint16_t nearest_in_front(void) {
    uint16_t nearest = 0;
    for (uint8_t i = 0; i < 3; i++) {
        if (ranges_mm[i] != 0 && (nearest == 0 || ranges_mm[i] < nearest)) nearest = ranges_mm[i];
    }
    return nearest;
}

static void send_ranges(void) {
    uint8_t payload[14] = {MSG_RANGE, sequence++};
    uint8_t *at = put32(payload + 2, ticks());
    for (uint8_t i = 0; i < 4; i++) at = put16(at, ranges_mm[i]);
    uart_send(payload, 14);
}

static void send_pps(void) {
    struct pps pps;
    if (!pps_new(&pps)) return;
    uint8_t payload[12] = {MSG_PPS, sequence++};
    put16(put32(put32(payload + 2, pps.tick), pps.samples), pps.pulses);
    uart_send(payload, 12);
}

static int16_t get16(const uint8_t *at) {
    return (int16_t)((uint16_t)at[0] | (uint16_t)at[1] << 8);
}

static void take(const uint8_t *payload, uint8_t length, uint32_t now) {
    uint8_t type = payload[0];
    if (type == MSG_VELOCITY && length == 6) {
        drive_velocity(&drive, get16(payload + 2), get16(payload + 4), payload[1], now);
        return;
    }
    if (type == MSG_HELLO) send_identity();
    uint8_t ack[4] = {MSG_ACK, payload[1], type, type == MSG_HELLO ? RESULT_OK : RESULT_UNSUPPORTED};
    uart_send(ack, 4);
}

static void step(uint32_t now) {
    uint8_t before = drive_flags(&drive);
    drive_step(&drive, stop_pressed(), !(PINB & _BV(PB4)), nearest_in_front(), now);
    wheels_output(&drive);
    if (drive_flags(&drive) != before) send_drive(now);
    static uint8_t phase;
    phase = phase == 99 ? 0 : (uint8_t)(phase + 1);
    if (phase % 10 == 0) send_imu();
    if (phase % 20 == 5) send_wheels();
    if (phase % 5 == 2) read_range();
    if (phase % 30 == 3) read_gnss();
    if (phase % 50 == 7) send_drive(now);
    if (phase % 50 == 27) send_ranges();
}

static void begin_hardware(void) {
    wheels_begin();
    clock_begin();
    ADMUX = _BV(REFS0);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    uart_begin();
    set_sleep_mode(SLEEP_MODE_IDLE);
}

int main(void) {
    reset_cause = MCUSR;
    MCUSR = 0;
    wdt_enable(WDTO_250MS);
    begin_hardware();
    twi_begin();
    sei();
    begin_imu();

    uint32_t stepped_at = milliseconds();
    drive_begin(&drive, stepped_at);
    send_identity();
    for (;;) {
        wdt_reset();
        ms_due = false;
        uint32_t now = milliseconds();
        while (stepped_at != now) step(++stepped_at);
        send_pps();
        while (uart_waiting()) {
            uint8_t length = frame_read(&reader, uart_next());
            if (length >= 2) take(reader.buffer, length, now);
        }
        sleep_until_due();
    }
}
