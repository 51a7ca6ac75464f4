/* The robot's motors, the encoders of its wheels, and the emergency stop that takes the motors' current by interrupt. */
#ifndef ROBOT_WHEELS_H
#define ROBOT_WHEELS_H

#include <stdbool.h>
#include <stdint.h>

#include "drive.h"

void wheels_begin(void);
/* Is the stop circuit open, or was it since this was last asked? */
bool stop_pressed(void);
void wheels_counts(int32_t *left, int32_t *right);
/* The motors as the drive wants them; off while it is latched or the stop was seen. */
void wheels_output(const struct drive *drive);

#endif
