#include "twi.h"

#include <avr/io.h>

#define START 0x08
#define START_AGAIN 0x10
#define WRITE_ACK 0x18
#define DATA_ACK 0x28
#define READ_ACK 0x40

void twi_begin(void) {
    TWSR = 0;
    /* 400 kHz at 16 MHz (ATmega328P datasheet, 22.5.2). */
    TWBR = 12;
    TWCR = _BV(TWEN);
}

static bool done(void) {
    /* Some 150 us; a byte takes 23. */
    for (uint16_t n = 0; n < 400; n++) {
        if (TWCR & _BV(TWINT)) return true;
    }
    TWCR = 0;
    twi_begin();
    return false;
}

static bool act(uint8_t control, uint8_t status, uint8_t or_status) {
    TWCR = (uint8_t)(_BV(TWINT) | _BV(TWEN) | control);
    if (!done()) return false;
    uint8_t is = TWSR & 0xF8;
    return is == status || is == or_status;
}

static bool put(uint8_t byte, uint8_t status) {
    TWDR = byte;
    return act(0, status, status);
}

static void stop(void) {
    TWCR = _BV(TWINT) | _BV(TWEN) | _BV(TWSTO);
}

bool twi_read(uint8_t address, uint8_t reg, uint8_t *bytes, uint8_t count) {
    bool ok = act(_BV(TWSTA), START, START_AGAIN) && put((uint8_t)(address << 1), WRITE_ACK) && put(reg, DATA_ACK) &&
              act(_BV(TWSTA), START, START_AGAIN) && put((uint8_t)(address << 1 | 1), READ_ACK);
    for (uint8_t i = 0; ok && i < count; i++) {
        TWCR = (uint8_t)(_BV(TWINT) | _BV(TWEN) | (i + 1 < count ? _BV(TWEA) : 0));
        ok = done();
        bytes[i] = TWDR;
    }
    stop();
    return ok;
}

bool twi_write(uint8_t address, uint8_t reg, uint8_t value) {
    bool ok = act(_BV(TWSTA), START, START_AGAIN) && put((uint8_t)(address << 1), WRITE_ACK) && put(reg, DATA_ACK) &&
              put(value, DATA_ACK);
    stop();
    return ok;
}
