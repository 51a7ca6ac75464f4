/** A serial port as a byte stream (serialport 13). */
import { SerialPort } from "serialport";
import { Fault } from "#contract/errors.ts";

/** Opens `path`; the fault says what to check. The caller destroys the stream. */
export function openSerial(path: string, baudRate: number): Promise<SerialPort> {
  return new Promise((resolve, reject) => {
    const port: SerialPort = new SerialPort({ path, baudRate, autoOpen: false });
    // The package's stream (13) leaves its file open when it is destroyed, and the process that waits for its bytes never ends.
    port._destroy = (error, done) => (port.isOpen ? port.close(() => done(error)) : done(error));
    port.open((error) => {
      if (!error) return resolve(port);
      const hint = /permission|EACCES/i.test(error.message)
        ? "add the service's user to the group dialout"
        : "check the cable and the path (ls -l /dev/serial/by-id)";
      reject(new Fault("config", `serial port ${path}: ${error.message}; ${hint}`, { cause: error }));
    });
  });
}
