/** A broker without rights that goes away and comes back at the same port. */
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";

export class TestingBroker {
  /** 0 until it has listened for the first time. */
  port = 0;
  #aedes: Aedes | undefined;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  async open(heard?: (topic: string, payload: Buffer) => void): Promise<void> {
    this.#aedes ??= await Aedes.createBroker();
    if (heard) this.#aedes.on("publish", ({ topic, payload }) => heard(topic, payload as Buffer));
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      this.#aedes?.handle(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", resolve);
    });
    this.#server = server;
    this.port = (server.address() as { port: number }).port;
  }

  publish(topic: string, payload: Buffer): void {
    this.#aedes?.publish({ cmd: "publish", topic, payload, qos: 1, retain: false, dup: false }, () => undefined);
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async end(): Promise<void> {
    await this.close();
    await new Promise<void>((resolve) => (this.#aedes ? this.#aedes.close(() => resolve()) : resolve()));
  }
}
