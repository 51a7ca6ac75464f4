/* I2C master, by polling, with a limit on every wait: a stuck bus costs a reading, never the loop. */
#ifndef TOCSIN_TWI_H
#define TOCSIN_TWI_H

#include <stdbool.h>
#include <stdint.h>

void twi_begin(void);
/* Writes `reg`, then reads `count` bytes. False when the device does not answer or the bus hangs. */
bool twi_read(uint8_t address, uint8_t reg, uint8_t *bytes, uint8_t count);
bool twi_write(uint8_t address, uint8_t reg, uint8_t value);

#endif
