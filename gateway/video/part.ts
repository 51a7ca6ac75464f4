/** Video as a part of the gateway: supervises the relay, asks cameras for pictures, grants looks, keeps recordings. */
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { flightState } from "#contract/flight.ts";
import { videoState } from "#contract/video.ts";
import type { GatewayContext } from "../context.ts";
import { readSealKey, readSigningKey } from "../keys.ts";
import type { FromRelay, RelayFigures } from "../relay/pipe.ts";
import { tokenChecker } from "../relay/tokens.ts";
import { diskRoom } from "./disk-room.ts";
import { Facts } from "./facts.ts";
import { addVideoFigures } from "./figures.ts";
import { firstAsk } from "./first-ask.ts";
import { iceServersFor, openIceServers } from "./ice.ts";
import { camerasNear, followFlights, stoppedByHand } from "./nearby.ts";
import { RecordOrders } from "./record-orders.ts";
import { Recordings } from "./recordings.ts";
import { RelayProcess } from "./relay-process.ts";
import { addVideoRoutes, isCallers, kindsOf } from "./routes.ts";
import type { VideoService } from "./service.ts";
import { addSignalling } from "./signalling.ts";
import { Snapshots, Stills } from "./stills.ts";
import { openVideoStore } from "./store.ts";
import { Streams } from "./streams.ts";
import { Tokens } from "./tokens.ts";
import { Wants } from "./wants.ts";

const DAY_MS = 86_400_000;
const CLEAN_MS = 3_600_000;

/** A machine without a network still has its own consoles and cameras. */
function addressesOf(configured: readonly string[]): string[] {
  const outside = Object.values(networkInterfaces()).some((all) =>
    all?.some(({ internal, family }) => !internal && family === "IPv4"),
  );
  return configured.length === 0 && !outside ? ["127.0.0.1"] : [...configured];
}

export async function startVideo(context: GatewayContext): Promise<void> {
  const { config, bus, signal } = context;
  const settings = config.video;
  if (!settings.enabled) return;
  const log = context.log.child({ part: "video" });
  const folder = join(config.dataDir, "video");
  const db = openVideoStore(folder);
  const key = await readSigningKey(config.dataDir, "video-key.jwk");
  const seal = readSealKey(config.dataDir, "video.key");
  const tokens = new Tokens(key);
  const record = (incident: string, by: string, text: string, data: unknown) =>
    void context.record(incident, "video", by, text, data);
  const facts = new Facts({ record, log });
  const fact = facts.say.bind(facts);
  const recordings = new Recordings({
    db,
    folder: join(folder, "recordings"),
    key: seal,
    segmentS: settings.record.segmentS,
    full: diskRoom(folder, settings.record.keepFreeMb * 1_000_000),
    log,
    kept: (recording, atMs) => orders.kept(recording, atMs),
    failed: (recording, atMs, why) => orders.failed(recording, atMs, why),
    // Not later: a segment counts as kept when its hash is on the record.
    segment: (incident, stream, data, text) => record(incident, "gateway", text, { stream, ...data }),
  });
  const snapshots = new Snapshots(db, join(folder, "snapshots"), seal);
  const broken = await recordings.recover();
  let figures: RelayFigures = { streams: {}, counters: {} };

  const relay = new RelayProcess({
    log: context.log.child({ part: "relay" }),
    compiled: join(folder, "compiled"),
    start: {
      publicJwk: key.publicJwk,
      ice: {
        addresses: addressesOf(settings.relay.addresses),
        tcp: settings.relay.tcp,
        iceServers: [],
        ...(settings.relay.udpPorts && { udpPorts: [settings.relay.udpPorts.first, settings.relay.udpPorts.last] }),
      },
      iceServers: openIceServers(settings.iceServers),
      limits: {
        streams: settings.relay.maxStreams,
        viewersPerStream: settings.relay.maxViewersPerStream,
        sessions: settings.relay.maxSessions,
      },
      ffmpeg: settings.record.ffmpeg,
      fragmentS: settings.record.fragmentS,
    },
    heard: (message) => heard(message),
    lost: (how) => {
      figures = { ...figures, streams: {} };
      orders.relayLost(signal.aborted ? "the gateway stopped" : `the relay ended (${how})`);
      streams.setRelay({});
    },
  });
  const stills = new Stills(settings.record.ffmpeg, (message) => relay.say(message));
  const orders = new RecordOrders({ db, recordings, log, relay: (message) => relay.say(message), fact });
  for (const { stream, incident, endedMs } of broken) orders.brokeOff(stream, incident, endedMs);

  const service: VideoService = {
    grant: async (ask) => {
      const { token, expires } = await tokens.sign(ask);
      const iceServers = iceServersFor(settings.iceServers, ask.sub);
      return { token, expires, iceServers, url: `/video/${ask.act === "publish" ? "whip" : "whep"}/${ask.stream}` };
    },
    want: (stream, reason) => wants.want(stream, reason),
    unwant: (stream, reason) => wants.unwant(stream, reason),
    record: (ask) => {
      if (settings.record.enabled) orders.record(ask);
      streams.tell();
    },
    unrecord: (stream, incident, by) => {
      orders.unrecord(stream, incident, by);
      streams.tell();
    },
    end: (which, why) => relay.say({ type: "end", ...which, why }),
    streams: () => streams.list(),
    stream: (name) => streams.view(name),
    onChange: (listener) => void listeners.push(listener),
  };
  const listeners: Parameters<VideoService["onChange"]>[0][] = [];
  context.video = service;

  const wants = new Wants({
    db,
    bus,
    log,
    grant: (stream, node, incident) =>
      // A node sends video only, whatever its camera hears.
      service.grant({
        act: "publish",
        stream,
        sub: node,
        media: ["video"],
        ...(incident !== undefined && { incident }),
      }),
    placeOf: (incident) => context.incident(incident)?.place,
    urlOf: (path) => (settings.publicUrl === undefined ? path : new URL(path, settings.publicUrl).href),
    over: (stream, incident) => service.unrecord(stream, incident, "gateway"),
  });
  // What ran out while the gateway was away ends now. Callers' streams are nobody's want: their links end them.
  for (const { stream, incident } of orders.all()) {
    if (!isCallers(stream) && !wants.recordedFor(stream).includes(incident))
      orders.unrecord(stream, incident, "gateway");
  }
  const streams = new Streams({
    recordingFor: (stream) => orders.of(stream),
    wantedUntilMs: (stream) => wants.untilMs(stream),
    changed: (views) => {
      context.broadcast({ type: "video", streams: views });
      for (const view of views) for (const listener of listeners) listener(view);
    },
  });

  function heard(message: FromRelay): void {
    if (message.type === "ready") {
      orders.relayReady();
      wants.again();
    } else if (message.type === "figures") {
      figures = message;
      streams.setRelay(message.streams);
    } else if (message.type === "still") stills.heard(message);
    else if (message.type === "event") {
      const { event } = message;
      if (event.type === "left" && event.role === "viewer" && event.incident !== undefined) {
        fact(event.incident, event.sub, `stopped watching ${event.stream}`, { stream: event.stream, why: event.why });
      }
    } else orders.heard(message);
  }

  /** For an incident: wanted, with what the node saw before, and recorded. */
  const askFor = (stream: string, incident: string, preRollS: number) => {
    const { forS } = settings.incidents;
    service.want(stream, { key: `incident:${incident}`, by: "gateway", forS, incident, preRollS });
    service.record({ stream, incident, media: kindsOf(stream), by: "gateway" });
  };
  const first = firstAsk((stream, incident) => context.once("video/want", `${incident}/${stream}`, incident), log);
  context.onIncident((state) => {
    if (state.status === "dismissed") {
      for (const stream of wants.streamsOf(state.incident)) {
        wants.unwant(stream, `incident:${state.incident}`);
        wants.unwant(stream, `record:${state.incident}`);
      }
      streams.tell();
      return;
    }
    wants.placed(state.incident);
    for (const stream of camerasNear(state, streams.cameras, config.nodes, settings.incidents)) {
      if (first(stream, state.incident)) askFor(stream, state.incident, settings.incidents.preRollS);
    }
  });
  const flightFollower = followFlights({
    cameras: () => streams.cameras,
    first,
    ask: (stream, incident) => askFor(stream, incident, 0),
    again: (stream, incident) => {
      if (context.incident(incident)?.status === "dismissed") return;
      const { forS } = settings.incidents;
      service.want(stream, { key: `incident:${incident}`, by: "gateway", forS, incident });
      if (!stoppedByHand(context.timeline(incident), stream))
        service.record({ stream, incident, media: kindsOf(stream), by: "gateway" });
    },
    wants,
    forS: settings.incidents.forS,
  });
  await bus.subscribe(flightState, flightFollower);
  for (const state of await context.retained(videoState)) streams.setNode(state, 0);
  await bus.subscribe(videoState, (state) => {
    const back = !streams.cameras.some(({ stream }) => stream.startsWith(`${state.node}.`));
    streams.setNode(state, Date.now());
    if (back) wants.again(state.node);
    else for (const { stream, phase } of state.cameras) if (phase === "idle") wants.idle(stream);
  });

  const check = await tokenChecker(key.publicJwk);
  await addSignalling(context.http, {
    check,
    port: () => relay.port,
    recordings: settings.record.enabled ? recordings : undefined,
    fact,
  });
  const look = db.prepare("INSERT INTO look VALUES (?, ?, ?)");
  await addVideoRoutes(context.http, {
    context,
    service,
    wants,
    orders,
    recordings,
    snapshots,
    stills,
    lookWithout: (user, stream) => void look.run(Date.now(), user, stream),
  });
  addVideoFigures(context.metrics, {
    relay,
    recordings,
    facts,
    rows: [wants.rows, orders.rows],
    figures: () => figures,
  });

  const clean = () => {
    const beforeMs = Date.now() - config.retention.videoDays * DAY_MS;
    for (const { incident, stream, recording } of recordings.expire(beforeMs))
      fact(incident, "gateway", `recording of ${stream} deleted: its time is over`, { recording, deleted: true });
    for (const { incident, id } of snapshots.expire(beforeMs))
      fact(incident, "gateway", "snapshot deleted: its time is over", { snapshot: id, deleted: true });
    db.prepare("DELETE FROM look WHERE at_ms < ?").run(beforeMs);
  };
  const cleanOrTell = () => {
    try {
      clean();
    } catch (error) {
      log.error(
        { error: (error as Error).message },
        "what is past its time is not all deleted; tried again in an hour",
      );
    }
  };
  cleanOrTell();
  const cleaning = setInterval(cleanOrTell, CLEAN_MS);
  relay.start();
  context.onClose(async () => {
    clearInterval(cleaning);
    wants.close();
    await relay.stop();
    await recordings.close();
    orders.close();
    facts.close();
    db.close();
  });
  context.health(() => ({ relay: relay.state }));
  signal.throwIfAborted();
}
