/*
 * The firmware's portable part on the host, driven over stdin for the TypeScript tests.
 *   host-check vectors            lines "payload-hex" -> "wire-hex"; lines "<wire-hex" -> payload hex of each frame found, "-" if none
 *   host-check fuzz COUNT SEED    COUNT random bytes into the reader: prints "frames N refused N"
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

static int digit(char c) {
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static void print_hex(const uint8_t *bytes, int length) {
    for (int i = 0; i < length; i++) printf("%02x", bytes[i]);
}

static void vectors(void) {
    static char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        const char *hex = line[0] == '<' ? line + 1 : line;
        uint8_t bytes[2048];
        int length = 0;
        while (isxdigit((unsigned char)hex[2 * length]) && isxdigit((unsigned char)hex[2 * length + 1])) {
            bytes[length] = (uint8_t)(digit(hex[2 * length]) << 4 | digit(hex[2 * length + 1]));
            length++;
        }
        if (line[0] == '<') {
            struct frame_reader reader = {0};
            int found = 0;
            for (int i = 0; i < length; i++) {
                uint8_t payload = frame_read(&reader, bytes[i]);
                if (payload) {
                    if (found++) putchar(' ');
                    print_hex(reader.buffer, payload);
                }
            }
            puts(found ? "" : "-");
        } else {
            uint8_t wire[FRAME_MAX_WIRE];
            uint8_t count = length > 255 ? 0 : frame_write(bytes, (uint8_t)length, wire);
            print_hex(wire, count);
            puts(count ? "" : "-");
        }
    }
}

static void fuzz(long count, uint64_t state) {
    struct frame_reader reader = {0};
    long frames = 0;
    long refused = 0;
    uint16_t before = 0;
    for (long i = 0; i < count; i++) {
        /* splitmix64 */
        state += 0x9E3779B97F4A7C15ull;
        uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        if (frame_read(&reader, (uint8_t)(z ^ (z >> 31)))) frames++;
        refused += (uint16_t)(reader.refused - before);
        before = reader.refused;
    }
    printf("frames %ld refused %ld\n", frames, refused);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "vectors") == 0) {
        vectors();
    } else if (argc > 3 && strcmp(argv[1], "fuzz") == 0) {
        fuzz(atol(argv[2]), strtoull(argv[3], NULL, 10));
    } else {
        fputs("usage: host-check vectors | fuzz COUNT SEED\n", stderr);
        return 64;
    }
    return 0;
}
