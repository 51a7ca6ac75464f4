/*
 * Frames on the wire: COBS (Cheshire and Baker, IEEE/ACM Trans. Networking 7(2), 1999) around payload and CRC-16/IBM-3740
 * (polynomial 0x1021, start 0xFFFF, big-endian on the wire), one zero byte at the end of each frame.
 * Portable C99: the same file runs on the microcontroller and, for tests, on the host.
 */
#ifndef TOCSIN_FRAME_H
#define TOCSIN_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* Payload: type, sequence number, body. */
#define FRAME_MAX_PAYLOAD 48
/* One COBS code byte (payload and CRC are below 254 bytes) and the closing zero. */
#define FRAME_MAX_WIRE (FRAME_MAX_PAYLOAD + 2 + 1 + 1)

uint16_t crc16(const uint8_t *bytes, uint8_t length);

/* Writes the frame for a payload to `wire` (FRAME_MAX_WIRE bytes); returns its length, 0 if the payload is too long. */
uint8_t frame_write(const uint8_t *payload, uint8_t length, uint8_t *wire);

struct frame_reader {
    uint8_t buffer[FRAME_MAX_WIRE];
    uint8_t length;
    bool overflowed;
    /* Frames thrown away: too long, broken COBS, wrong CRC. */
    uint16_t refused;
};

/*
 * Takes one byte. Returns the length of a whole payload, which then stands at the start of `reader->buffer` until the next call, or 0.
 */
uint8_t frame_read(struct frame_reader *reader, uint8_t byte);

#endif
