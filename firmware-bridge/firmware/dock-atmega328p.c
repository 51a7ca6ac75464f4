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
#include <avr/wdt.h>
#include <stdbool.h>
#include <stdint.h>

#include "dock.h"
#include "frame.h"
#include "protocol.h"

#define TICKS_PER_S 2000000ul
#define STATE_EVERY_MS 200u

static volatile uint16_t tick_high;
static volatile uint32_t sample_high;
static volatile uint32_t pps_tick;
static volatile uint32_t pps_samples;
static volatile uint16_t pps_count;
static volatile uint8_t rx_ring[64];
static volatile uint8_t rx_in;
static uint8_t rx_out;
static uint8_t tx_ring[128];
static volatile uint8_t tx_in;
static volatile uint8_t tx_out;

static struct dock dock;
static struct frame_reader reader;
static uint8_t reset_cause;

ISR(TIMER1_OVF_vect) {
    tick_high++;
}

ISR(TIMER0_OVF_vect) {
    sample_high += 256;
}

ISR(TIMER1_CAPT_vect) {
    uint16_t low = ICR1;
    uint8_t samples = TCNT0;
    uint16_t high = tick_high;
    /* An overflow that is due but not yet counted belongs to captures from the lower half. */
    if ((TIFR1 & _BV(TOV1)) && low < 0x8000) high++;
    uint32_t counted = sample_high;
    if ((TIFR0 & _BV(TOV0)) && samples < 128) counted += 256;
    pps_tick = (uint32_t)high << 16 | low;
    pps_samples = counted + samples;
    pps_count++;
}

ISR(USART_RX_vect) {
    uint8_t byte = UDR0;
    uint8_t next = (uint8_t)((rx_in + 1) & (sizeof rx_ring - 1));
    /* A full ring loses the byte; the frame's CRC tells, and the host says it again. */
    if (next != rx_out) {
        rx_ring[rx_in] = byte;
        rx_in = next;
    }
}

/* Enabled only while there is something to send. */
ISR(USART_UDRE_vect) {
    UDR0 = tx_ring[tx_out];
    tx_out = (uint8_t)((tx_out + 1) & (sizeof tx_ring - 1));
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
    while ((uint32_t)(now - last) >= TICKS_PER_S / 1000) {
        last += TICKS_PER_S / 1000;
        ms++;
    }
    return ms;
}

static void send(const uint8_t *payload, uint8_t length) {
    uint8_t wire[FRAME_MAX_WIRE];
    uint8_t count = frame_write(payload, length, wire);
    uint8_t room = (uint8_t)((tx_out - tx_in - 1) & (sizeof tx_ring - 1));
    /* A host that does not read loses whole frames, never parts of them. */
    if (count > room) return;
    for (uint8_t i = 0; i < count; i++) {
        tx_ring[tx_in] = wire[i];
        tx_in = (uint8_t)((tx_in + 1) & (sizeof tx_ring - 1));
    }
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

static uint8_t sequence;

static void send_identity(void) {
    uint8_t payload[8] = {MSG_IDENTITY, sequence++, PROTOCOL_VERSION, reset_cause};
    put32(payload + 4, TICKS_PER_S);
    send(payload, 8);
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
    send(payload, 14);
}

static void send_pps(void) {
    static uint16_t told;
    cli();
    uint32_t tick = pps_tick;
    uint32_t samples = pps_samples;
    uint16_t count = pps_count;
    sei();
    if (count == told) return;
    told = count;
    uint8_t payload[12] = {MSG_PPS, sequence++};
    put16(put32(put32(payload + 2, tick), samples), count);
    send(payload, 12);
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
    send(ack, 4);
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
    TCCR1A = 0;
    TCCR1B = _BV(ICNC1) | _BV(ICES1) | _BV(CS11);
    TIMSK1 = _BV(ICIE1) | _BV(TOIE1);
    /* Timer 0 counts rising edges on T0 (D4). */
    TCCR0A = 0;
    TCCR0B = _BV(CS02) | _BV(CS01) | _BV(CS00);
    TIMSK0 = _BV(TOIE0);
    ADMUX = _BV(REFS0);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    UCSR0A = _BV(U2X0);
    UBRR0 = 16;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
    sei();

    uint32_t now = milliseconds();
    dock_begin(&dock, inputs(), now);
    send_identity();
    uint32_t state_at = now;
    uint32_t stepped_at = now;
    for (;;) {
        wdt_reset();
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
        while (rx_out != rx_in) {
            uint8_t byte = rx_ring[rx_out];
            rx_out = (uint8_t)((rx_out + 1) & (sizeof rx_ring - 1));
            uint8_t length = frame_read(&reader, byte);
            if (length >= 2) {
                take(reader.buffer, length, now);
                outputs();
            }
        }
    }
}
