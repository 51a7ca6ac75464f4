#include "ubx.h"

#define HEAD 2
#define BODY 6
#define SUMS (BODY + UBX_PVT_LENGTH)

static bool begin(struct ubx_reader *reader, uint8_t byte) {
    reader->at = byte == 0xB5;
    return false;
}

bool ubx_read(struct ubx_reader *reader, uint8_t byte) {
    static const uint8_t nav_pvt[4] = {0x01, 0x07, UBX_PVT_LENGTH, 0x00};
    uint8_t at = reader->at;
    if (at == 0) return begin(reader, byte);
    if (at == 1) {
        reader->sum_a = 0;
        reader->sum_b = 0;
        if (byte != 0x62) return begin(reader, byte);
        reader->at = HEAD;
        return false;
    }
    if (at == SUMS || at == SUMS + 1) {
        if (byte != (at == SUMS ? reader->sum_a : reader->sum_b)) return begin(reader, byte);
        reader->at = at == SUMS ? SUMS + 1 : 0;
        return at == SUMS + 1;
    }
    reader->sum_a = (uint8_t)(reader->sum_a + byte);
    reader->sum_b = (uint8_t)(reader->sum_b + reader->sum_a);
    if (at < BODY) {
        if (byte != nav_pvt[at - HEAD]) return begin(reader, byte);
    } else {
        reader->payload[at - BODY] = byte;
    }
    reader->at++;
    return false;
}
