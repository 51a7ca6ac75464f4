/* Messages of the robot's drive board; host side in firmware-bridge/robot-messages.ts. Framing, MSG_HELLO, MSG_ACK, MSG_IDENTITY and MSG_PPS are those of protocol.h. */
#ifndef TOCSIN_ROBOT_PROTOCOL_H
#define TOCSIN_ROBOT_PROTOCOL_H

/*
 * Host to board, not acknowledged: said again at least every 100 ms, newest wins. There is no message that ends an emergency stop.
 * i16 speed mm/s (forward above 0), i16 turn rate mrad/s (counter-clockwise above 0).
 */
#define MSG_VELOCITY 0x10

/* Board to host. `tick` is the board's 0.5 us counter at the instant of measuring (of GNSS: of the first byte read). */
#define MSG_DRIVE 0x90  /* u8 DRIVE_*, u8 sequence of the newest velocity, i16 left, i16 right output mm/s, u32 uptime ms, u16 refused frames */
#define MSG_WHEELS 0x91 /* u32 tick, i32 left, i32 right: counts since start */
#define MSG_IMU 0x92    /* u32 tick, i16 x6: acceleration x y z (16384 per g), rate x y z (131 per degree/s) */
#define MSG_GNSS 0x93   /* u32 tick, u32 time of week ms, u8 fix, u8 satellites, i32 lon, i32 lat (1e-7 degrees), i32 height above ellipsoid mm,
                           u32 horizontal, u32 vertical sigma mm, i32 north, i32 east speed mm/s, u32 speed sigma mm/s */
#define MSG_RANGE 0x94  /* u32 tick, u16 x4 mm: front left, front, front right, rear; 0 none */

#define DRIVE_LATCHED 0x01     /* emergency stop: output zero, brake on, until a person presses reset at the robot */
#define DRIVE_PRESSED 0x02     /* its circuit is open now */
#define DRIVE_SILENT 0x04      /* no velocity for HOST_SILENT_MS: output zero */
#define DRIVE_NEUTRAL 0x08     /* waits for a velocity of zero before it moves */
#define DRIVE_FRONT_NEAR 0x10  /* something within NEAR_MM: no forward */
#define DRIVE_IMU_FAULT 0x20
#define DRIVE_GNSS_FAULT 0x40
#define DRIVE_RESET 0x80       /* the reset button is pressed */

#endif
