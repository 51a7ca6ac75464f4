import type { Bus } from "../ports.ts";
import { busBehaves, keepingLog } from "./bus-suite.ts";
import { MemoryBroker, MemoryBus } from "./memory-bus.ts";

busBehaves("memory bus", async () => {
  const broker = new MemoryBroker();
  const buses: Bus[] = [];
  const warnings: string[] = [];
  return {
    makeBus(node) {
      const bus = new MemoryBus(broker, "test", node, keepingLog(warnings));
      buses.push(bus);
      return bus;
    },
    linkDown: async () => broker.setUp(false),
    linkUp: async () => broker.setUp(true),
    say: async (topic, payload) => broker.say(topic, Buffer.from(payload)),
    warnings,
    close: async () => {
      for (const bus of buses) await bus.close();
    },
  };
}).run();
