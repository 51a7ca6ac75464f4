/* A board's serial line to its host, 115200 8N1: bytes in, whole frames out, both by interrupt. */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

void uart_begin(void);
bool uart_waiting(void);
/* The next byte that came; only where one is waiting. */
uint8_t uart_next(void);
/* Frames and sends it; a host that does not read loses whole frames, never parts of them. */
void uart_send(const uint8_t *payload, uint8_t length);
/* Until the next millisecond or byte. Bytes that go out wake it too, and are no reason to go round. */
void sleep_until_due(void);

#endif
