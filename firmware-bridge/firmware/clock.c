#include "clock.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#define TICKS_PER_MS 2000u

volatile bool ms_due;
static volatile uint16_t tick_high;
static volatile uint32_t pps_tick;
static volatile uint16_t pps_count;
static volatile uint32_t sample_high;
static volatile uint32_t pps_samples;

ISR(TIMER1_OVF_vect) {
    tick_high++;
}

ISR(TIMER0_OVF_vect) {
    sample_high += 256;
}

ISR(TIMER1_COMPA_vect) {
    OCR1A += TICKS_PER_MS;
    ms_due = true;
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

uint32_t ticks(void) {
    uint8_t interrupts = SREG;
    cli();
    uint16_t low = TCNT1;
    uint16_t high = tick_high;
    if ((TIFR1 & _BV(TOV1)) && low < 0x8000) high++;
    SREG = interrupts;
    return (uint32_t)high << 16 | low;
}

uint32_t milliseconds(void) {
    static uint32_t last;
    static uint32_t ms;
    uint32_t now = ticks();
    while ((uint32_t)(now - last) >= TICKS_PER_MS) {
        last += TICKS_PER_MS;
        ms++;
    }
    return ms;
}

bool pps_new(struct pps *pps) {
    static uint16_t told;
    cli();
    pps->tick = pps_tick;
    pps->samples = pps_samples;
    pps->pulses = pps_count;
    sei();
    if (pps->pulses == told) return false;
    told = pps->pulses;
    return true;
}

void clock_begin(void) {
    TCCR1A = 0;
    TCCR1B = _BV(ICNC1) | _BV(ICES1) | _BV(CS11);
    OCR1A = TICKS_PER_MS;
    TIMSK1 = _BV(ICIE1) | _BV(OCIE1A) | _BV(TOIE1);
}
