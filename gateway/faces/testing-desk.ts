/** A gateway with face matching, and a device that speaks its channels over the real broker: what tests of matches and lists share. */
import { CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair, importJWK } from "jose";
import type { MqttClient } from "mqtt";
import {
  type FaceOrder,
  type FaceOrderMessage,
  type FacePossible,
  type FaceSuppression,
  faceOrder,
  facePossible,
  faceState,
} from "#contract/face.ts";
import type { FaceListView, FaceMatchDetail } from "#contract/face-api.ts";
import { filterOf } from "#contract/topics.ts";
import { type AuthorityKey, sign } from "#contract/watchlist-jws.ts";
import { envelope, joinBroker, publish, SITE, until } from "../testing.ts";
import { embeddingText, inDays, makeList, type Office, openOffice, pictureOf } from "./testing.ts";

/** What a probe shows. */
export const SECRET = "sealed chip of the probe";

/** Orders as the device reads them. */
export type Read =
  | { order: "put"; jws: string }
  | { order: "suppress"; suppression: FaceSuppression }
  | Extract<FaceOrder, { order: "revoke" | "key" }>;

export interface Desk {
  readonly office: Office;
  device: MqttClient;
  readonly orders: Read[];
  /** Whatever went over the bus to the device. */
  readonly heard: string[];
  /** Of the list as it was enrolled last. */
  sha256: string;
  /** The device says what it holds. */
  say(over?: object): Promise<void>;
  orderOf<K extends Read["order"]>(kind: K, after?: number): Promise<Extract<Read, { order: K }>>;
  seal(match: string, x: string): Promise<string>;
  /** The device sees a possible match. */
  see(match: string, over?: Partial<FacePossible>): Promise<void>;
  /** A reviewer looks at a match, as soon as it is there. */
  view(match: string): Promise<FaceMatchDetail>;
  /** An administrator enrols the list. */
  enrol(signer: AuthorityKey, over?: Parameters<typeof makeList>[1]): Promise<string>;
  /** The device comes back under its old session. */
  joinAgain(): Promise<void>;
  close(): Promise<void>;
}

export async function openDesk(trusted: readonly AuthorityKey[]): Promise<Desk> {
  const office = await openOffice([...trusted]);
  const own = await generateKeyPair("ECDH-ES", { crv: "X25519", extractable: true });
  const sealTo = (await exportJWK(own.publicKey)).x!;
  const [orders, heard]: [Read[], string[]] = [[], []];

  const read = async (payload: Buffer) => {
    const { what } = JSON.parse(payload.toString()) as FaceOrderMessage;
    if (what.order !== "put" && what.order !== "suppress") orders.push(what);
    else {
      const text = new TextDecoder().decode((await compactDecrypt(what.sealed, own.privateKey)).plaintext);
      if (what.order === "put") orders.push({ order: "put", jws: text });
      else orders.push({ order: "suppress", suppression: JSON.parse(text) as FaceSuppression });
    }
  };
  const join = async () => {
    const device = await joinBroker(office.gateway.ports.mqtt, "n01", { clean: false });
    device.on("message", (topic, payload) => {
      heard.push(topic);
      if (topic.endsWith("face/order")) void read(payload);
    });
    await device.subscribeAsync(filterOf(faceOrder, SITE, "n01"), { qos: 1 });
    return device;
  };

  const desk: Desk = {
    office,
    device: await join(),
    orders,
    heard,
    sha256: "",
    async say(over = {}) {
      await publish(desk.device, faceState, "n01", {
        ...envelope("n01"),
        comparing: true,
        why: "compares faces with 1 list",
        lists: [],
        revoked: [],
        suppressed: [],
        sealTo,
        ...over,
      });
    },
    orderOf: <K extends Read["order"]>(kind: K, after = 0) =>
      until(
        `order ${kind}`,
        () => orders.slice(after).find((each): each is Extract<Read, { order: K }> => each.order === kind),
        20_000,
      ),
    async seal(match, x) {
      const chipJpeg = Buffer.from(SECRET).toString("base64");
      const probe = { match, chipJpeg, embedding: embeddingText(0.25), spread: 0.01 };
      return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(probe)))
        .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" })
        .encrypt(await importJWK({ kty: "OKP", crv: "X25519", x }, "ECDH-ES"));
    },
    async see(match, over = {}) {
      await publish(desk.device, facePossible, "n01", {
        ...envelope("n01"),
        match,
        list: { id: "missing", sha256: desk.sha256, people: 1 },
        person: "p1",
        score: { distance: 0.41, thresholdDistance: 0.6, log10LikelihoodRatio: 2, words: "about 100 times likelier" },
        looks: 3,
        quality: 0.6,
        camera: "front",
        seenFrom: inDays(0),
        seenUntil: inDays(0),
        place: { lat: 40.44, lon: -79.99, ellipse95: { semiMajorM: 3, semiMinorM: 3, azimuthDeg: 0 } },
        falseMatchRateUpper: 0.0043,
        falseAlertRateUpper: 0.0043,
        probe: await desk.seal(match, (await desk.orderOf("key")).x),
        ...over,
      });
    },
    view: (match) =>
      until(`match ${match}`, async () => {
        const { status, body } = await office.call("bob", `/api/faces/matches/${match}`);
        return status === 200 ? (body as FaceMatchDetail) : undefined;
      }),
    async enrol(signer, over = {}) {
      const jws = await sign(makeList(signer.authority, over), signer);
      const { status, body } = await office.call("eve", "/api/faces/lists", { jws, pictures: { p1: pictureOf("p1") } });
      if (status !== 200) throw new Error(JSON.stringify(body));
      desk.sha256 = (body as FaceListView).sha256;
      return jws;
    },
    async joinAgain() {
      desk.device = await join();
    },
    async close() {
      await desk.device.endAsync();
      await office.stop();
    },
  };
  return desk;
}
