/*
 * The dock on an ATmega328P at 16 MHz (Arduino Uno or Nano). Wiring, with the Arduino's pin names:
 *   D8  PPS of the GNSS receiver (input capture)     D4  word clock of the microphones' converter (counted)
 *   D2  limit switch "open", closes to ground        D3  limit switch "closed", closes to ground
 *   D5  pad switch, closes to ground under a drone   D6  light barrier, to ground while clear (a broken wire counts as broken)
 *   D7  stop button, to ground while not pressed     A1  tamper loop, to ground while whole
 *   D9  motor relay "open"   D10 motor relay "close"   D11 charger relay   D13 lamp: host heard
 *   A0  TMP36 thermometer (10 mV/C, 500 mV at 0 C)
 * UART 115200 8N1. Ticks are 0.5 us (timer 1, prescaler 8).
 */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "dock.h"
#include "frame.h"
#include "protocol.h"
#include "uart.h"

#define STATE_EVERY_MS 200u

static struct dock dock;
static struct frame_reader reader;
static uint8_t reset_cause;

static uint8_t *put16(uint8_t *at, uint16_t value) {
    *at++ = (uint8_t)value;
    *at++ = (uint8_t)(value >> 8);
    return at;
}

static uint8_t *put32(uint8_t *at, uint32_t value) {
    return put16(put16(at, (uint16_t)value), (uint16_t)(value >> 16));
}

static uint8_t sequence;

static void send_identity(void) {
    uint8_t payload[8] = {MSG_IDENTITY, sequence++, PROTOCOL_VERSION, reset_cause};
    put32(payload + 4, TICKS_PER_S);
    uart_send(payload, 8);
}

/* The last conversion; starts the next. */
static int16_t air_centi_c(void) {
    /* 5 V over 1024 steps, 10 mV per degree: one step is 0.488 C. */
    uint32_t step = ADC;
    ADCSRA |= _BV(ADSC);
    return (int16_t)((int32_t)(step * 50000ul / 1024ul) - 5000);
}

static void send_state(uint32_t now) {
    uint8_t latches = (uint8_t)((dock.tamper_latch ? LATCH_TAMPER : 0) | (dock.stop_latch ? LATCH_STOP : 0) |
                                (dock.host_silent ? LATCH_HOST_SILENT : 0));
    uint8_t payload[14] = {MSG_STATE, sequence++, dock.inputs, (uint8_t)dock.door, dock.charger, latches};
    put16(put32(put16(payload + 6, (uint16_t)air_centi_c()), now), reader.refused);
    uart_send(payload, 14);
}

static void send_pps(void) {
    struct pps pps;
    if (!pps_new(&pps)) return;
    uint8_t payload[12] = {MSG_PPS, sequence++};
    put16(put32(put32(payload + 2, pps.tick), pps.samples), pps.pulses);
    uart_send(payload, 12);
}

static void take(const uint8_t *payload, uint8_t length, uint32_t now) {
    static int16_t last_sequence = -1;
    static uint8_t last_type;
    static uint8_t last_result;
    uint8_t type = payload[0];
    bool repeated = payload[1] == last_sequence && type == last_type;
    dock_heard_host(&dock, now);
    if (!repeated) {
        last_sequence = payload[1];
        last_type = type;
        last_result = dock_command(&dock, type, length > 2 ? payload[2] : 0xFF, now);
        if (type == MSG_HELLO) send_identity();
    }
    uint8_t ack[4] = {MSG_ACK, payload[1], type, last_result};
    uart_send(ack, 4);
}

static uint8_t inputs(void) {
    uint8_t d = PIND;
    return (uint8_t)((d & _BV(PD2) ? 0 : INPUT_AT_OPEN) | (d & _BV(PD3) ? 0 : INPUT_AT_CLOSED) |
                     (d & _BV(PD6) ? INPUT_BARRIER : 0) | (d & _BV(PD5) ? 0 : INPUT_PAD) |
                     (PINC & _BV(PC1) ? INPUT_TAMPER : 0) | (d & _BV(PD7) ? INPUT_STOP : 0));
}

static void outputs(void) {
    uint8_t port = PORTB & (uint8_t)~(_BV(PB1) | _BV(PB2) | _BV(PB3) | _BV(PB5));
    if (dock.motor == MOTOR_TO_OPEN) port |= _BV(PB1);
    if (dock.motor == MOTOR_TO_CLOSE) port |= _BV(PB2);
    if (dock.charger) port |= _BV(PB3);
    if (!dock.host_silent) port |= _BV(PB5);
    PORTB = port;
}

int main(void) {
    reset_cause = MCUSR;
    MCUSR = 0;
    wdt_enable(WDTO_250MS);
    DDRB = _BV(PB1) | _BV(PB2) | _BV(PB3) | _BV(PB5);
    PORTB = 0;
    PORTD = _BV(PD2) | _BV(PD3) | _BV(PD5) | _BV(PD6) | _BV(PD7);
    PORTC = _BV(PC1);
    clock_begin();
    /* Timer 0 counts rising edges on T0 (D4). */
    TCCR0A = 0;
    TCCR0B = _BV(CS02) | _BV(CS01) | _BV(CS00);
    TIMSK0 = _BV(TOIE0);
    ADMUX = _BV(REFS0);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    uart_begin();
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();

    uint32_t now = milliseconds();
    dock_begin(&dock, inputs(), now);
    send_identity();
    uint32_t state_at = now;
    uint32_t stepped_at = now;
    for (;;) {
        wdt_reset();
        ms_due = false;
        now = milliseconds();
        if (now != stepped_at) {
            stepped_at = now;
            enum door door = dock.door;
            uint8_t before = dock.inputs;
            dock_step(&dock, inputs(), now);
            outputs();
            if (dock.door != door || dock.inputs != before || (int32_t)(now - state_at) >= 0) {
                send_state(now);
                state_at = now + STATE_EVERY_MS;
            }
        }
        send_pps();
        while (uart_waiting()) {
            uint8_t length = frame_read(&reader, uart_next());
            if (length >= 2) {
                take(reader.buffer, length, now);
                outputs();
            }
        }
        sleep_until_due();
    }
}
