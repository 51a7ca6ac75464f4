#include "frame.h"

uint16_t crc16(const uint8_t *bytes, uint8_t length) {
    uint16_t crc = 0xFFFF;
    for (uint8_t i = 0; i < length; i++) {
        crc ^= (uint16_t)((uint16_t)bytes[i] << 8);
        for (uint8_t bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) ? (uint16_t)((crc << 1) ^ 0x1021) : (uint16_t)(crc << 1);
        }
    }
    return crc;
}

uint8_t frame_write(const uint8_t *payload, uint8_t length, uint8_t *wire) {
    if (length == 0 || length > FRAME_MAX_PAYLOAD) return 0;
    uint16_t crc = crc16(payload, length);
    uint8_t code_at = 0;
    uint8_t out = 1;
    for (uint8_t i = 0; i < length + 2; i++) {
        uint8_t byte = i < length ? payload[i] : i == length ? (uint8_t)(crc >> 8) : (uint8_t)crc;
        if (byte == 0) {
            wire[code_at] = (uint8_t)(out - code_at);
            code_at = out++;
        } else {
            wire[out++] = byte;
        }
    }
    wire[code_at] = (uint8_t)(out - code_at);
    wire[out++] = 0;
    return out;
}

/* Decodes in place; returns the number of bytes, 0 where the code bytes do not fit. */
static uint8_t cobs_decode(uint8_t *bytes, uint8_t length) {
    uint8_t in = 0;
    uint8_t out = 0;
    while (in < length) {
        uint8_t code = bytes[in++];
        if (code == 0 || code - 1 > length - in) return 0;
        for (uint8_t i = 1; i < code; i++) bytes[out++] = bytes[in++];
        if (in < length) bytes[out++] = 0;
    }
    return out;
}

uint8_t frame_read(struct frame_reader *reader, uint8_t byte) {
    if (byte != 0) {
        if (reader->length == FRAME_MAX_WIRE) {
            reader->overflowed = true;
        } else {
            reader->buffer[reader->length++] = byte;
        }
        return 0;
    }
    uint8_t wire_length = reader->length;
    bool overflowed = reader->overflowed;
    reader->length = 0;
    reader->overflowed = false;
    /* Zeros between frames are no frames: a sender may begin with one to clear the line. */
    if (wire_length == 0) return 0;
    uint8_t length = overflowed ? 0 : cobs_decode(reader->buffer, wire_length);
    if (length < 3 || length > FRAME_MAX_PAYLOAD + 2) {
        reader->refused++;
        return 0;
    }
    uint16_t crc = (uint16_t)((uint16_t)reader->buffer[length - 2] << 8 | reader->buffer[length - 1]);
    if (crc != crc16(reader->buffer, (uint8_t)(length - 2))) {
        reader->refused++;
        return 0;
    }
    return (uint8_t)(length - 2);
}
