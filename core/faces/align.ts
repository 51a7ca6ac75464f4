/** Turns a face upright and to size by its landmarks, as dlib's `get_face_chip_details` does for the network's training. */
import type { Similarity } from "./picture.ts";

/** Side of the recognition network's input. */
export const CHIP_PX = 150;
export const LANDMARKS = 68;
const PADDING = 0.25;

/** dlib's mean face shape (interpolation.h): landmarks 17 to 67, 0..1. */
const meanX = [
  0.000213256, 0.0752622, 0.18113, 0.29077, 0.393397, 0.586856, 0.689483, 0.799124, 0.904991, 0.98004, 0.490127,
  0.490127, 0.490127, 0.490127, 0.36688, 0.426036, 0.490127, 0.554217, 0.613373, 0.121737, 0.187122, 0.265825, 0.334606,
  0.260918, 0.182743, 0.645647, 0.714428, 0.793132, 0.858516, 0.79751, 0.719335, 0.254149, 0.340985, 0.428858, 0.490127,
  0.551395, 0.639268, 0.726104, 0.642159, 0.556721, 0.490127, 0.423532, 0.338094, 0.290379, 0.428096, 0.490127,
  0.552157, 0.689874, 0.553364, 0.490127, 0.42689,
];
const meanY = [
  0.106454, 0.038915, 0.0187482, 0.0344891, 0.0773906, 0.0773906, 0.0344891, 0.0187482, 0.038915, 0.106454, 0.203352,
  0.307009, 0.409805, 0.515625, 0.587326, 0.609345, 0.628106, 0.609345, 0.587326, 0.216423, 0.178758, 0.179852,
  0.231733, 0.245099, 0.244077, 0.231733, 0.179852, 0.178758, 0.216423, 0.244077, 0.245099, 0.780233, 0.745405,
  0.727388, 0.742578, 0.727388, 0.745405, 0.780233, 0.864805, 0.902192, 0.909281, 0.902192, 0.864805, 0.784792,
  0.778746, 0.785343, 0.778746, 0.784792, 0.824182, 0.831803, 0.824182,
];
/** Brows and lower lip move with the expression: they do not steer the alignment. */
const steering = Array.from({ length: 51 }, (_, i) => i + 17).filter(
  (i) => i >= 27 && !(i >= 55 && i <= 59) && !(i >= 65 && i <= 67),
);

/**
 * The similarity from chip pixels to the picture that lays the landmarks (x and y in turn, picture pixels) best on the mean face:
 * least squares (Umeyama 1991, without reflection). `undefined` where the landmarks fall into one point.
 */
export function chipOf(landmarks: Float32Array): Similarity | undefined {
  const n = steering.length;
  let [mu, mv, mx, my] = [0, 0, 0, 0];
  for (const i of steering) {
    mu += chipU(i) / n;
    mv += chipV(i) / n;
    mx += landmarks[2 * i]! / n;
    my += landmarks[2 * i + 1]! / n;
  }
  let [dot, cross, spread] = [0, 0, 0];
  for (const i of steering) {
    const [u, v] = [chipU(i) - mu, chipV(i) - mv];
    const [x, y] = [landmarks[2 * i]! - mx, landmarks[2 * i + 1]! - my];
    dot += u * x + v * y;
    cross += u * y - v * x;
    spread += u * u + v * v;
  }
  const a = dot / spread;
  const b = cross / spread;
  if (!(Math.hypot(a, b) > 1e-3)) return undefined;
  return { a, b, x0: mx - a * mu + b * mv, y0: my - b * mu - a * mv };
}

const chipU = (i: number) => ((meanX[i - 17]! + PADDING) / (2 * PADDING + 1)) * CHIP_PX;
const chipV = (i: number) => ((meanY[i - 17]! + PADDING) / (2 * PADDING + 1)) * CHIP_PX;
