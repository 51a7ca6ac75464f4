#include "robot-wheels.h"

#include <avr/interrupt.h>
#include <avr/io.h>

/* Wheel speed at 256/256 of the PWM. */
#define FULL_SCALE_MMS 2000ul

static volatile int32_t left_count;
static volatile int32_t right_count;
static volatile bool stop_seen;

/* Outputs off, whatever the main loop is doing. PWM is taken off its pins: a duty of 0 would still give a spike in each period. */
static void motors_off(void) {
    TCCR2A = _BV(WGM21) | _BV(WGM20);
    PORTB &= (uint8_t)~(_BV(PB3) | _BV(PB5));
    PORTD &= (uint8_t)~_BV(PD3);
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

bool stop_pressed(void) {
    cli();
    bool stop = (PIND & _BV(PD7)) || stop_seen;
    stop_seen = false;
    sei();
    return stop;
}

void wheels_counts(int32_t *left, int32_t *right) {
    cli();
    *left = left_count;
    *right = right_count;
    sei();
}

static uint8_t duty(int16_t mms) {
    uint16_t size = (uint16_t)(mms < 0 ? -mms : mms);
    /* High for OCR + 1 of 256: 256 / FULL_SCALE_MMS as a fraction of 65536, without a division each millisecond. */
    uint16_t parts = (uint16_t)(((uint32_t)size * (256ul * 65536ul / FULL_SCALE_MMS + 1)) >> 16);
    return parts > 255 ? 255 : (uint8_t)parts;
}

void wheels_output(const struct drive *drive) {
    uint8_t left = duty(drive->left);
    uint8_t right = duty(drive->right);
    cli();
    /* The interrupt may have seen the stop since the last step: it has the last word. */
    if (drive->latched || stop_seen) {
        motors_off();
    } else {
        uint8_t port = PORTB & (uint8_t)~(_BV(PB1) | _BV(PB2) | _BV(PB3));
        if (drive->left < 0) port |= _BV(PB1);
        if (drive->right < 0) port |= _BV(PB2);
        PORTB = (uint8_t)(port | _BV(PB5));
        OCR2A = left ? (uint8_t)(left - 1) : 0;
        OCR2B = right ? (uint8_t)(right - 1) : 0;
        TCCR2A = (uint8_t)(_BV(WGM21) | _BV(WGM20) | (left ? _BV(COM2A1) : 0) | (right ? _BV(COM2B1) : 0));
    }
    sei();
}

void wheels_begin(void) {
    DDRB = _BV(PB1) | _BV(PB2) | _BV(PB3) | _BV(PB5);
    PORTB = _BV(PB4);
    DDRD = _BV(PD3);
    PORTD = _BV(PD2) | _BV(PD4) | _BV(PD5) | _BV(PD6) | _BV(PD7);
    /* PWM of 7.8 kHz. */
    TCCR2B = _BV(CS21);
    motors_off();
    PCMSK2 = _BV(PCINT18) | _BV(PCINT21) | _BV(PCINT23);
    PCICR = _BV(PCIE2);
}
