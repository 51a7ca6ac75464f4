/** A robot's body and senses as the configuration names them: part of `main`'s choosing. */
import { once } from "node:events";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { AgentConfig } from "./config.ts";
import { OwnEars } from "./devices/robot/own-ears.ts";
import type { Perception } from "./perception-port.ts";
import type { RoleContext } from "./ports.ts";
import type { RobotBody } from "./robot-port.ts";
import type { PatrolConfig } from "./roles/patrol/config.ts";

const CONNECT_WITHIN_MS = 5000;

const ears = new WeakMap<AgentConfig, OwnEars>();

/** The ears of a node that both listens and patrols: what its one role hears, the other takes in; undefined for any other node. */
export function earsOf(config: AgentConfig): OwnEars | undefined {
  if (!config.roles.listen || !config.roles.patrol) return undefined;
  let own = ears.get(config);
  if (!own) {
    own = new OwnEars();
    ears.set(config, own);
  }
  return own;
}

export async function openRobot(
  context: RoleContext<PatrolConfig>,
): Promise<{ body: RobotBody; perceptions: Perception[] }> {
  const { config, log, signal } = context;
  const perceptions: Perception[] = [];
  if (config.perception?.kind === "lines") {
    const { openObservationStream } = await import("./devices/robot/observation-stream.ts");
    perceptions.push(openObservationStream({ ...config.perception, log, signal }));
  }
  return { body: await openBody(context), perceptions };
}

async function openBody(context: RoleContext<PatrolConfig>): Promise<RobotBody> {
  const { config, log, node, bus } = context;
  const utc = () => {
    const now = context.now();
    return now && { utcNs: now.utcNs, sigmaS: now.clock.sigmaS };
  };
  if (config.body.kind === "mqtt") {
    const { openBusBody } = await import("./devices/robot/bus-body.ts");
    return openBusBody({ node, bus, now: utc });
  }
  const [{ SerialCable }, { openRobotBoard, usualGeometry }] = await Promise.all([
    import("#firmware-bridge/serial-cable.ts"),
    import("#firmware-bridge/robot-board.ts"),
  ]);
  const where =
    config.body.kind === "serial"
      ? { path: config.body.path, baudRate: config.body.baudRate }
      : {
          path: `${config.body.host}:${config.body.port}`,
          baudRate: 0,
          open: dial(config.body.host, config.body.port),
        };
  const given = Object.entries(config.geometry).filter(([, value]) => value !== undefined);
  return openRobotBoard({
    stream: new SerialCable({ ...where, log }),
    name: where.path,
    geometry: { ...usualGeometry, ...Object.fromEntries(given) },
    coarse: (monotonicNs) => {
      const now = utc();
      return now && { ...now, utcNs: now.utcNs - (process.hrtime.bigint() - monotonicNs) };
    },
  });
}

/** A serial port behind TCP, byte for byte. */
function dial(host: string, port: number): () => Promise<Duplex> {
  return async () => {
    const socket = connect({ host, port, noDelay: true });
    try {
      await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_WITHIN_MS) });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return socket;
  };
}
