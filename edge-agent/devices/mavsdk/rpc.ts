/** gRPC to mavsdk_server by the descriptors taken from its own wheel. Calls end by a deadline, streams by an abort signal. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Client,
  type ClientReadableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import type { Calls, Streams } from "./api.ts";

type Unary = (
  request: unknown,
  options: { deadline: number },
  done: (error: ServiceError | null, response: unknown) => void,
) => unknown;
type Streaming = (request: unknown) => ClientReadableStream<unknown>;
type Stub = Client & Record<string, unknown>;

/** The server is gone, or did not answer in time. */
export class RpcGone extends Error {
  override name = "RpcGone";
  readonly timedOut: boolean;
  constructor(message: string, timedOut: boolean) {
    super(message);
    this.timedOut = timedOut;
  }
}

const loaded = new Map<string, GrpcObject>();

/** The descriptors are 160 kB: read once a process. */
function packages(folder: string): GrpcObject {
  let found = loaded.get(folder);
  if (found === undefined) {
    const set = readFileSync(join(folder, "descriptors.binpb"));
    const options = { keepCase: true, enums: String, longs: Number, defaults: true } as const;
    found = loadPackageDefinition(loadFileDescriptorSetFromBuffer(set, options));
    loaded.set(folder, found);
  }
  return found;
}

export class Rpc {
  readonly #stubs = new Map<string, Stub>();
  readonly #root: GrpcObject;
  readonly #address: string;
  readonly #ended = new AbortController();

  constructor(folder: string, port: number) {
    this.#root = packages(folder);
    this.#address = `127.0.0.1:${port}`;
  }

  /** @param name `package.Method`, such as `action.Arm`. Throws `RpcGone`. */
  async call<K extends keyof Calls>(name: K, request: Calls[K][0], deadlineMs = 6000): Promise<Calls[K][1]> {
    const [service, method] = this.#method(name);
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, response: unknown) => {
        if (error === null) resolve(response as Calls[K][1]);
        else reject(new RpcGone(`${name}: ${error.details || error.message}`, error.code === status.DEADLINE_EXCEEDED));
      };
      (service[method] as Unary).call(service, request, { deadline: Date.now() + deadlineMs }, done);
    });
  }

  /** Each message to `take`, until the signal aborts or the server goes; then `end` once, with the reason. */
  stream<K extends keyof Streams>(
    name: K,
    request: Streams[K][0],
    take: (response: Streams[K][1]) => void,
    end: (why: string) => void = () => {},
  ): void {
    const [service, method] = this.#method(name);
    const call = (service[method] as Streaming).call(service, request);
    const stop = () => call.cancel();
    this.#ended.signal.addEventListener("abort", stop, { once: true });
    let over = false;
    const finish = (why: string) => {
      if (over) return;
      over = true;
      this.#ended.signal.removeEventListener("abort", stop);
      if (!this.#ended.signal.aborted) end(why);
    };
    call.on("data", (response) => take(response as Streams[K][1]));
    call.on("error", (error: ServiceError) => finish(error.details || error.message));
    call.on("end", () => finish("ended"));
  }

  get closed(): boolean {
    return this.#ended.signal.aborted;
  }

  close(): void {
    this.#ended.abort();
    for (const stub of this.#stubs.values()) stub.close();
  }

  #method(name: string): [Stub, string] {
    if (this.closed) throw new RpcGone(`${name}: the server is down`, false);
    const [packageName = "", method = ""] = name.split(".");
    let stub = this.#stubs.get(packageName);
    if (stub === undefined) {
      const camel = packageName.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
      const path = `mavsdk.rpc.${packageName}.${camel}Service`;
      const service = path.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], this.#root);
      // Loopback needs no proxy, whatever the environment says.
      stub = new (service as ServiceClientConstructor)(this.#address, credentials.createInsecure(), {
        "grpc.enable_http_proxy": 0,
      }) as unknown as Stub;
      this.#stubs.set(packageName, stub);
    }
    return [stub, method];
  }
}
