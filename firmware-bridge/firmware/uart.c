#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

#include "clock.h"
#include "frame.h"

static volatile uint8_t rx_ring[64];
static volatile uint8_t rx_in;
static uint8_t rx_out;
static uint8_t tx_ring[256];
static volatile uint8_t tx_in;
static volatile uint8_t tx_out;

ISR(USART_RX_vect) {
    uint8_t byte = UDR0;
    uint8_t next = (uint8_t)((rx_in + 1) & (sizeof rx_ring - 1));
    /* A full ring loses the byte; the frame's CRC tells. */
    if (next != rx_out) {
        rx_ring[rx_in] = byte;
        rx_in = next;
    }
}

/* Enabled only while there is something to send. */
ISR(USART_UDRE_vect) {
    UDR0 = tx_ring[tx_out];
    tx_out++;
    if (tx_out == tx_in) UCSR0B &= (uint8_t)~_BV(UDRIE0);
}

bool uart_waiting(void) {
    return rx_in != rx_out;
}

uint8_t uart_next(void) {
    uint8_t byte = rx_ring[rx_out];
    rx_out = (uint8_t)((rx_out + 1) & (sizeof rx_ring - 1));
    return byte;
}

void uart_send(const uint8_t *payload, uint8_t length) {
    uint8_t wire[FRAME_MAX_WIRE];
    uint8_t count = frame_write(payload, length, wire);
    uint8_t room = (uint8_t)(tx_out - tx_in - 1);
    if (count > room) return;
    for (uint8_t i = 0; i < count; i++) tx_ring[tx_in++] = wire[i];
    UCSR0B |= _BV(UDRIE0);
}

void uart_begin(void) {
    UCSR0A = _BV(U2X0);
    UBRR0 = 16;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}

void sleep_until_due(void) {
    cli();
    while (!ms_due && !uart_waiting()) {
        sleep_enable();
        sei();
        sleep_cpu();
        sleep_disable();
        cli();
    }
    sei();
}
