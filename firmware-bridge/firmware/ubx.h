/* UBX-NAV-PVT out of a stream of bytes (u-blox M8 receiver description, 32.17.14): portable C99. */
#ifndef TOCSIN_UBX_H
#define TOCSIN_UBX_H

#include <stdbool.h>
#include <stdint.h>

#define UBX_PVT_LENGTH 92

struct ubx_reader {
    uint8_t at;
    uint8_t sum_a;
    uint8_t sum_b;
    uint8_t payload[UBX_PVT_LENGTH];
};

/* Takes one byte; true when a whole NAV-PVT with a right checksum stands in `payload`. */
bool ubx_read(struct ubx_reader *reader, uint8_t byte);

#endif
