/** What those who look at one picture point at and write. */

export interface Point {
  key: number;
  x: number;
  y: number;
  name: string;
  mine: boolean;
}
export interface ChatLine {
  key: number;
  name: string;
  text: string;
  atMs: number;
  mine: boolean;
}
