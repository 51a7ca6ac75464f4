/** firmata-io 2.3 has no types of its own: the part that we use. */
declare module "firmata-io" {
  import type { EventEmitter } from "node:events";
  export interface Io extends EventEmitter {
    /** Asks; the answer is the event `reportversion` as well. */
    reportVersion(answered: () => void): void;
  }
  const firmataIo: {
    Firmata: new (transport: unknown, options?: { reportVersionTimeout?: number }) => Io;
  };
  export default firmataIo;
}
