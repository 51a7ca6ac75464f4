/*
 * Pan, tilt and lamps on an ATmega328P at 16 MHz: the part of the Firmata protocol (2.6, firmata.org/wiki/Protocol) that johnny-five needs for
 * two servos, three lamps and one analog input. StandardFirmata does the same and more; this one fits beside other things and is in our tests.
 *   D9 pan servo   D10 tilt servo   D5, D6, D13 lamps   A0 (pin 14) light sensor
 * UART 57600 8N1.
 */
#include <avr/io.h>
#include <avr/wdt.h>
#include <stdbool.h>
#include <stdint.h>

#define PINS 20
#define MODE_INPUT 0
#define MODE_OUTPUT 1
#define MODE_ANALOG 2
#define MODE_SERVO 4
#define SYSEX_START 0xF0
#define SYSEX_END 0xF7

static uint8_t mode[PINS];
static uint16_t servo_min_us[2] = {544, 544};
static uint16_t servo_max_us[2] = {2400, 2400};
static bool report_analog;

static void put(uint8_t byte) {
    while (!(UCSR0A & _BV(UDRE0))) {
    }
    UDR0 = byte;
}

static void put14(uint16_t value) {
    put(value & 0x7F);
    put((value >> 7) & 0x7F);
}

static bool is_lamp(uint8_t pin) {
    return pin == 5 || pin == 6 || pin == 13;
}

static bool is_servo(uint8_t pin) {
    return pin == 9 || pin == 10;
}

static void send_version(void) {
    put(0xF9);
    put(2);
    put(6);
}

static void send_firmware(void) {
    put(SYSEX_START);
    put(0x79);
    put(1);
    put(0);
    for (const char *c = "tocsin-pan-tilt"; *c; c++) put14((uint8_t)*c);
    put(SYSEX_END);
}

static void send_capabilities(void) {
    put(SYSEX_START);
    put(0x6C);
    for (uint8_t pin = 0; pin < PINS; pin++) {
        if (is_lamp(pin)) {
            put(MODE_OUTPUT);
            put(1);
        }
        if (is_servo(pin)) {
            put(MODE_SERVO);
            put(14);
        }
        if (pin == 14) {
            put(MODE_ANALOG);
            put(10);
        }
        put(0x7F);
    }
    put(SYSEX_END);
}

static void send_analog_mapping(void) {
    put(SYSEX_START);
    put(0x6A);
    for (uint8_t pin = 0; pin < PINS; pin++) put(pin == 14 ? 0 : 0x7F);
    put(SYSEX_END);
}

static void send_pin_state(uint8_t pin) {
    uint16_t value = 0;
    if (pin == 9) value = OCR1A / 2;
    if (pin == 10) value = OCR1B / 2;
    put(SYSEX_START);
    put(0x6E);
    put(pin);
    put(pin < PINS ? mode[pin] : 0);
    put14(value);
    put(SYSEX_END);
}

static void set_lamp(uint8_t pin, bool on) {
    volatile uint8_t *port = pin == 13 ? &PORTB : &PORTD;
    uint8_t bit = pin == 13 ? _BV(PB5) : _BV(pin);
    if (on) {
        *port |= bit;
    } else {
        *port &= (uint8_t)~bit;
    }
}

static void set_servo(uint8_t pin, uint16_t value) {
    uint8_t servo = pin - 9;
    uint16_t low = servo_min_us[servo];
    uint16_t high = servo_max_us[servo];
    /* Below 544 it is degrees, else microseconds, as in the Arduino servo library. */
    uint16_t us = value < 544 ? (uint16_t)(low + (uint32_t)(value > 180 ? 180 : value) * (high - low) / 180) : value;
    if (us < low) us = low;
    if (us > high) us = high;
    if (pin == 9) OCR1A = us * 2;
    if (pin == 10) OCR1B = us * 2;
}

static void set_mode(uint8_t pin, uint8_t wanted) {
    if (pin >= PINS) return;
    if (is_lamp(pin) && wanted == MODE_OUTPUT) {
        if (pin == 13) DDRB |= _BV(PB5);
        else DDRD |= _BV(pin);
    } else if (is_servo(pin) && wanted == MODE_SERVO) {
        DDRB |= _BV(pin - 8);
        TCCR1A |= pin == 9 ? _BV(COM1A1) : _BV(COM1B1);
    } else if (!(pin == 14 && wanted == MODE_ANALOG)) {
        return;
    }
    mode[pin] = wanted;
}

static void reset(void) {
    for (uint8_t pin = 0; pin < PINS; pin++) {
        mode[pin] = MODE_INPUT;
        if (is_lamp(pin)) set_lamp(pin, false);
    }
    report_analog = false;
    DDRB = 0;
    DDRD = 0;
    TCCR1A = _BV(WGM11);
    TCCR1B = _BV(WGM13) | _BV(WGM12) | _BV(CS11);
    ICR1 = 39999;
    OCR1A = OCR1B = 3000;
}

static void take_sysex(const uint8_t *bytes, uint8_t length) {
    if (length == 0) return;
    switch (bytes[0]) {
    case 0x79: send_firmware(); break;
    case 0x6B: send_capabilities(); break;
    case 0x69: send_analog_mapping(); break;
    case 0x6D:
        if (length > 1) send_pin_state(bytes[1]);
        break;
    case 0x70:
        if (length >= 6 && is_servo(bytes[1])) {
            servo_min_us[bytes[1] - 9] = bytes[2] | (uint16_t)bytes[3] << 7;
            servo_max_us[bytes[1] - 9] = bytes[4] | (uint16_t)bytes[5] << 7;
            set_mode(bytes[1], MODE_SERVO);
        }
        break;
    case 0x6F:
        if (length >= 4 && bytes[1] < PINS && mode[bytes[1]] == MODE_SERVO) set_servo(bytes[1], bytes[2] | (uint16_t)bytes[3] << 7);
        break;
    default: break;
    }
}

static void take_message(uint8_t command, uint8_t a, uint8_t b) {
    if ((command & 0xF0) == 0xE0) {
        uint8_t pin = command & 0x0F;
        if (is_servo(pin) && mode[pin] == MODE_SERVO) set_servo(pin, a | (uint16_t)b << 7);
    } else if ((command & 0xF0) == 0x90) {
        uint8_t port = command & 0x0F;
        uint8_t bits = a | (uint8_t)(b << 7);
        for (uint8_t i = 0; i < 8; i++) {
            uint8_t pin = port * 8 + i;
            if (pin < PINS && mode[pin] == MODE_OUTPUT) set_lamp(pin, bits & _BV(i));
        }
    } else if (command == 0xF4) {
        set_mode(a, b);
    } else if (command == 0xF5) {
        if (a < PINS && mode[a] == MODE_OUTPUT) set_lamp(a, b);
    } else if ((command & 0xF0) == 0xC0) {
        if ((command & 0x0F) == 0) report_analog = a;
    }
}

/* Data bytes that follow a command byte. */
static uint8_t data_length(uint8_t command) {
    if (command == 0xF4 || command == 0xF5) return 2;
    switch (command & 0xF0) {
    case 0xE0:
    case 0x90: return 2;
    case 0xC0:
    case 0xD0: return 1;
    default: return 0;
    }
}

static void take(uint8_t byte) {
    static uint8_t buffer[32];
    static uint8_t length;
    static uint8_t command;
    if (byte == 0xFF) {
        reset();
        command = 0;
    } else if (byte == SYSEX_END && command == SYSEX_START) {
        take_sysex(buffer, length);
        command = 0;
    } else if (byte >= 0x80) {
        command = byte;
        length = 0;
        if (byte == 0xF9) send_version();
    } else if (command) {
        /* A sysex longer than the buffer is none of ours: its end is waited for and its bytes are dropped. */
        if (length < sizeof buffer) buffer[length++] = byte;
        if (command != SYSEX_START && length == data_length(command)) {
            take_message(command, buffer[0], length > 1 ? buffer[1] : 0);
            length = 0;
        }
    }
}

int main(void) {
    wdt_enable(WDTO_250MS);
    ADMUX = _BV(REFS0);
    ADCSRA = _BV(ADEN) | _BV(ADSC) | _BV(ADPS2) | _BV(ADPS1) | _BV(ADPS0);
    UCSR0A = _BV(U2X0);
    UBRR0 = 34;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    reset();
    send_version();
    send_firmware();
    uint8_t overflows = 0;
    for (;;) {
        wdt_reset();
        if (UCSR0A & _BV(RXC0)) take(UDR0);
        if (TIFR1 & _BV(TOV1)) {
            TIFR1 = _BV(TOV1);
            /* Every fifth 20 ms frame of the servos: ten analog reports a second. */
            if (++overflows >= 5) {
                overflows = 0;
                if (report_analog) {
                    put(0xE0);
                    put14(ADC);
                    ADCSRA |= _BV(ADSC);
                }
            }
        }
    }
}
