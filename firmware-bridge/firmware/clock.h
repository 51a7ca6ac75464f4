/*
 * Time of a board at 16 MHz: 0.5 us ticks of timer 1, a wake-up each millisecond, and the receiver's pulse captured by the timer itself,
 * together with the edges that timer 0 has counted, where it counts any.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define TICKS_PER_S 2000000ul

struct pps {
    uint32_t tick;
    uint32_t samples;
    uint16_t pulses;
};

/* Set by the interrupt each millisecond; cleared by who waits for it. */
extern volatile bool ms_due;

void clock_begin(void);
uint32_t ticks(void);
/* Counted by whole ones off the ticks, so that they do not jump when those wrap. */
uint32_t milliseconds(void);
/* True once for each pulse. */
bool pps_new(struct pps *pps);

#endif
