/** A broker of its own for each test, and clients that join it. */
import type { MqttClient } from "mqtt";
import { suite } from "uvu";
import { type Broker, startBroker } from "./broker.ts";
import { envelope, joinBroker, makeConfig, makeFolder, makeLog } from "./testing.ts";

export interface World {
  broker: Broker;
  port: number;
  lines: string[];
  clients: MqttClient[];
  stop: () => Promise<void>;
}

/** A suite whose every test has a broker of its own. */
export function brokerSuite(name: string) {
  const test = suite<World>(name, {} as World);

  test.before.each(async (world) => {
    const { folder, remove } = makeFolder();
    const { log, lines } = makeLog();
    world.broker = await startBroker(await makeConfig(folder), log);
    world.lines = lines;
    world.clients = [];
    world.port = (await world.broker.listen()).mqtt;
    world.stop = async () => {
      for (const client of world.clients) await client.endAsync(true);
      await world.broker.close();
      remove();
    };
  });
  test.after.each((world) => world.stop());
  return test;
}

export async function enter(world: World, node: string, options = {}): Promise<MqttClient> {
  const client = await joinBroker(world.port, node, options);
  client.on("error", () => {});
  world.clients.push(client);
  return client;
}

export const said = (world: World, text: RegExp) => world.lines.filter((line) => text.test(line)).length;

export function state(node: string) {
  return { ...envelope(node), status: "online" as const, roles: ["listen" as const] };
}
