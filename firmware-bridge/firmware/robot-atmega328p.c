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

#include "drive.h"
#include "frame.h"
#include "protocol.h"
#include "robot-protocol.h"
#include "twi.h"
#include "ubx.h"

#define TICKS_PER_S 2000000ul
#define TICKS_PER_MS 2000u
/* Wheel speed at 256/256 of the PWM. */
#define FULL_SCALE_MMS 2000ul
#define IMU 0x68
#define GNSS 0x42

static volatile uint16_t tick_high;
static volatile uint32_t pps_tick;
static volatile uint16_t pps_count;
static volatile int32_t left_count;
static volatile int32_t right_count;
static volatile bool stop_seen;
static volatile bool ms_due;
static volatile uint8_t rx_ring[64];
static volatile uint8_t rx_in;
static uint8_t rx_out;
static uint8_t tx_ring[256];
static volatile uint8_t tx_in;
static volatile uint8_t tx_out;

static struct drive drive;
static struct frame_reader reader;
static struct ubx_reader ubx;
static uint8_t reset_cause;
static uint8_t sequence;
static uint8_t faults;
static uint16_t ranges_mm[4];

/* Outputs off, whatever the main loop is doing. PWM is taken off its pins: a duty of 0 would still give a spike in each period. */
static void motors_off(void) {
    TCCR2A = _BV(WGM21) | _BV(WGM20);
    PORTB &= (uint8_t)~(_BV(PB3) | _BV(PB5));
    PORTD &= (uint8_t)~_BV(PD3);
}

ISR(TIMER1_OVF_vect) {
    tick_high++;
}

ISR(TIMER1_COMPA_vect) {
    OCR1A += TICKS_PER_MS;
    ms_due = true;
}

ISR(TIMER1_CAPT_vect) {
    uint16_t low = ICR1;
    uint16_t high = tick_high;
    /* An overflow that is due but not yet counted belongs to captures from the lower half. */
    if ((TIFR1 & _BV(TOV1)) && low < 0x8000) high++;
    pps_tick = (uint32_t)high << 16 | low;
    pps_count++;
}

/* Encoder edges and the emergency stop: the latter within microseconds, also while the main loop waits for something. */
ISR(PCINT2_vect) {
    static uint8_t last;
    uint8_t d = PIND;
    uint8_t changed = d ^ last;
    last = d;
    if (d & _BV(PD7)) {
        stop_seen = true;
        motors_off();
    }
    if (changed & _BV(PD2)) left_count += ((d >> 2 ^ d >> 4) & 1) ? 1 : -1;
    if (changed & _BV(PD5)) right_count += ((d >> 5 ^ d >> 6) & 1) ? 1 : -1;
}

ISR(USART_RX_vect) {
    uint8_t byte = UDR0;
    uint8_t next = (uint8_t)((rx_in + 1) & (sizeof rx_ring - 1));
    /* A full ring loses the byte; the frame's CRC tells. */
    if (next != rx_out) {
        rx_ring[rx_in] = byte;
        rx_in = next;
    }
}

/* Enabled only while there is something to send. */
ISR(USART_UDRE_vect) {
    UDR0 = tx_ring[tx_out];
    tx_out++;
    if (tx_out == tx_in) UCSR0B &= (uint8_t)~_BV(UDRIE0);
}

static uint32_t ticks(void) {
    uint8_t interrupts = SREG;
    cli();
    uint16_t low = TCNT1;
    uint16_t high = tick_high;
    if ((TIFR1 & _BV(TOV1)) && low < 0x8000) high++;
    SREG = interrupts;
    return (uint32_t)high << 16 | low;
}

/* Milliseconds by counting whole ones off the tick counter, so that they do not jump when it wraps. */
static uint32_t milliseconds(void) {
    static uint32_t last;
    static uint32_t ms;
    uint32_t now = ticks();
    while ((uint32_t)(now - last) >= TICKS_PER_MS) {
        last += TICKS_PER_MS;
        ms++;
    }
    return ms;
}

static void send(const uint8_t *payload, uint8_t length) {
    uint8_t wire[FRAME_MAX_WIRE];
    uint8_t count = frame_write(payload, length, wire);
    uint8_t room = (uint8_t)(tx_out - tx_in - 1);
    /* A host that does not read loses whole frames, never parts of them. */
    if (count > room) return;
    for (uint8_t i = 0; i < count; i++) tx_ring[tx_in++] = wire[i];
    UCSR0B |= _BV(UDRIE0);
}

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
    send(payload, 8);
}

static void send_drive(uint32_t now) {
    uint8_t payload[14] = {MSG_DRIVE, sequence++, (uint8_t)(drive_flags(&drive) | faults), drive.sequence};
    put16(put32(put16(put16(payload + 4, (uint16_t)drive.left), (uint16_t)drive.right), now), reader.refused);
    send(payload, 14);
}

static void send_wheels(void) {
    cli();
    int32_t left = left_count;
    int32_t right = right_count;
    sei();
    uint8_t payload[14] = {MSG_WHEELS, sequence++};
    put32(put32(put32(payload + 2, ticks()), (uint32_t)left), (uint32_t)right);
    send(payload, 14);
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
    send(payload, 18);
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
    send(payload, 44);
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
    send(payload, 14);
}

static void send_pps(void) {
    static uint16_t told;
    cli();
    uint32_t tick = pps_tick;
    uint16_t count = pps_count;
    sei();
    if (count == told) return;
    told = count;
    uint8_t payload[12] = {MSG_PPS, sequence++};
    put16(put32(put32(payload + 2, tick), 0), count);
    send(payload, 12);
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
    send(ack, 4);
}

static uint8_t duty(int16_t mms) {
    uint16_t size = (uint16_t)(mms < 0 ? -mms : mms);
    /* High for OCR + 1 of 256: 256 / FULL_SCALE_MMS as a fraction of 65536, without a division each millisecond. */
    uint16_t parts = (uint16_t)(((uint32_t)size * (256ul * 65536ul / FULL_SCALE_MMS + 1)) >> 16);
    return parts > 255 ? 255 : (uint8_t)parts;
}

static void outputs(void) {
    uint8_t left = duty(drive.left);
    uint8_t right = duty(drive.right);
    cli();
    /* The interrupt may have seen the stop since the last step: it has the last word. */
    if (drive.latched || stop_seen) {
        motors_off();
    } else {
        uint8_t port = PORTB & (uint8_t)~(_BV(PB1) | _BV(PB2) | _BV(PB3));
        if (drive.left < 0) port |= _BV(PB1);
        if (drive.right < 0) port |= _BV(PB2);
        PORTB = (uint8_t)(port | _BV(PB5));
        OCR2A = left ? (uint8_t)(left - 1) : 0;
        OCR2B = right ? (uint8_t)(right - 1) : 0;
        TCCR2A = (uint8_t)(_BV(WGM21) | _BV(WGM20) | (left ? _BV(COM2A1) : 0) | (right ? _BV(COM2B1) : 0));
    }
    sei();
}

static void step(uint32_t now) {
    cli();
    bool stop = (PIND & _BV(PD7)) || stop_seen;
    stop_seen = false;
    sei();
    uint8_t before = drive_flags(&drive);
    drive_step(&drive, stop, !(PINB & _BV(PB4)), nearest_in_front(), now);
    outputs();
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
    DDRB = _BV(PB1) | _BV(PB2) | _BV(PB3) | _BV(PB5);
    PORTB = _BV(PB4);
    DDRD = _BV(PD3);
    PORTD = _BV(PD2) | _BV(PD4) | _BV(PD5) | _BV(PD6) | _BV(PD7);
    /* PWM of 7.8 kHz. */
    TCCR2B = _BV(CS21);
    motors_off();
    TCCR1A = 0;
    TCCR1B = _BV(ICNC1) | _BV(ICES1) | _BV(CS11);
    OCR1A = TICKS_PER_MS;
    TIMSK1 = _BV(ICIE1) | _BV(OCIE1A) | _BV(TOIE1);
    PCMSK2 = _BV(PCINT18) | _BV(PCINT21) | _BV(PCINT23);
    PCICR = _BV(PCIE2);
    ADMUX = _BV(REFS0);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    UCSR0A = _BV(U2X0);
    UBRR0 = 16;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
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
        while (rx_out != rx_in) {
            uint8_t byte = rx_ring[rx_out];
            rx_out = (uint8_t)((rx_out + 1) & (sizeof rx_ring - 1));
            uint8_t length = frame_read(&reader, byte);
            if (length >= 2) take(reader.buffer, length, now);
        }
        /* Bytes that go out wake it too, and are no reason to go round. */
        cli();
        while (!ms_due && rx_in == rx_out) {
            sleep_enable();
            sei();
            sleep_cpu();
            sleep_disable();
            cli();
        }
        sei();
    }
}
