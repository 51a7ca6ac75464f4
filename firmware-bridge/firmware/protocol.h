/* Message types; host side in firmware-bridge/messages.ts. Numbers are little-endian. Every payload begins with type and sequence number. */
#ifndef TOCSIN_PROTOCOL_H
#define TOCSIN_PROTOCOL_H

#define PROTOCOL_VERSION 1

/* Host to dock. Each is answered by MSG_ACK with its sequence number; a repeated sequence number is answered again and not done again. */
#define MSG_HELLO 0x01     /* -: asks for MSG_IDENTITY */
#define MSG_DOOR 0x02      /* u8: DOOR_STOP, DOOR_OPEN, DOOR_CLOSE */
#define MSG_CHARGER 0x03   /* u8: 0 off, 1 on */
#define MSG_ALIVE 0x04     /* -: the host is there */
#define MSG_TAMPER_OK 0x05 /* -: forget the tamper latch */

/* Dock to host. */
#define MSG_ACK 0x80      /* u8 type, u8 result */
#define MSG_IDENTITY 0x81 /* u8 protocol, u8 reset cause, u32 ticks per second */
#define MSG_STATE 0x82    /* u8 inputs, u8 door, u8 charger, u8 latches, i16 air temperature 0.01 C, u32 uptime ms, u16 refused frames */
#define MSG_PPS 0x83      /* u32 tick of the edge, u32 samples counted at the edge, u16 pulses */

#define DOOR_STOP 0
#define DOOR_OPEN 1
#define DOOR_CLOSE 2

#define RESULT_OK 0
#define RESULT_OBSTRUCTED 1
#define RESULT_STOPPED 2
#define RESULT_JAMMED 3
#define RESULT_UNSUPPORTED 4

#define INPUT_AT_OPEN 0x01
#define INPUT_AT_CLOSED 0x02
#define INPUT_BARRIER 0x04
#define INPUT_PAD 0x08
#define INPUT_TAMPER 0x10
#define INPUT_STOP 0x20

#define LATCH_TAMPER 0x01
#define LATCH_STOP 0x02
#define LATCH_HOST_SILENT 0x04

#endif
