/**
 * What a person sees in Chromium: first picture over 20 joins, delay from the camera's clock to the screen, pictures a second, and the
 * longest stand-still with 5 % of all packets lost both ways. Run: node gateway/relay/chromium.bench.ts
 */
import { chromiumPath, launchBrowser } from "../ops/fixtures/browser.ts";
import { hasFfmpeg } from "./camera.testing.ts";
import { look, type OnTheWay, type Seen, startClockCamera } from "./chromium.testing.ts";
import { closeClients, publish } from "./clients.testing.ts";
import { type Dropper, portOf, seeded, startDropper, throughDropper, withoutCandidates } from "./dropper.testing.ts";
import { makeWorld } from "./testing.ts";

const JOINS = 10;
const LOSS = 0.05;

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const quantile = (values: readonly number[], q: number) =>
  sorted(values)[Math.floor(q * (values.length - 1))] ?? Number.NaN;
const say = (figure: string, value: number, unit: string, more: object = {}) =>
  console.log(JSON.stringify({ bench: "video", figure, value: Number(value.toFixed(1)), unit, ...more }));

async function run(): Promise<void> {
  const world = await makeWorld();
  const browser = await launchBrowser();
  const { sign } = world.signer;
  const first: number[] = [];
  const lookOnce = async (stream: string, seconds: number, way?: OnTheWay): Promise<Seen> => {
    const page = await browser.newPage();
    try {
      const token = await sign({ act: "view", stream });
      return await look(page, `${world.base}/video/whep/${stream}`, token, { seconds, way });
    } finally {
      await page.close();
    }
  };
  try {
    for (const codec of ["H264", "VP8"] as const) {
      const stream = `lamp-${codec.toLowerCase()}.front`;
      const publisher = await publish(world.base, stream, await sign({ act: "publish", stream }, 300), { codec });
      await publisher.connected;
      // libvpx takes most of a core for 30 of these a second: late pictures would be the encoder's.
      const framesPerS = codec === "VP8" ? 15 : 30;
      const camera = await startClockCamera({ codec, group: 60, framesPerS }, (packet) => publisher.write(packet));
      try {
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        const joins: number[] = [];
        for (let i = 0; i < JOINS; i++) joins.push((await lookOnce(stream, 0)).firstFrameMs);
        first.push(...joins);
        say(`${codec}: first picture, median of ${JOINS} joins`, quantile(joins, 0.5), "ms", {
          worst: Math.round(Math.max(...joins)),
          bound: 1_000,
        });
        const seen = await lookOnce(stream, 4);
        const settled = seen.glassToGlassMs.slice(30);
        say(`${codec}: camera's clock to the screen, median`, quantile(settled, 0.5), "ms", {
          p95: Math.round(quantile(settled, 0.95)),
          bound: 250,
        });
        say(
          `${codec}: pictures a second`,
          1000 / (seen.intervalsMs.reduce((sum, ms) => sum + ms, 0) / seen.intervalsMs.length),
          "1/s",
          {
            bound: framesPerS,
            longestStandStillMs: Math.round(Math.max(...seen.intervalsMs)),
          },
        );
        if (codec === "H264") {
          let dropper: Dropper | undefined;
          const lossy = await lookOnce(stream, 8, {
            offer: withoutCandidates,
            answer: async (sdp) => {
              dropper = await startDropper(portOf(sdp), LOSS, seeded(7));
              return throughDropper(sdp, dropper.port);
            },
          });
          dropper?.close();
          say(
            `${codec}: longest stand-still with ${LOSS * 100} % of packets lost both ways`,
            Math.max(...lossy.intervalsMs),
            "ms",
            {
              bound: 500,
              pictures: lossy.intervalsMs.length,
              lostBeforeRetransmission: lossy.packetsLost,
              network: dropper?.counters,
            },
          );
        }
      } finally {
        await camera.stop();
        await closeClients();
      }
    }
    say("first picture, median of all joins", quantile(first, 0.5), "ms", { joins: first.length, bound: 1_000 });
  } finally {
    await browser.close();
    await world.close();
  }
}

if (chromiumPath() === undefined || !hasFfmpeg) console.error("chromium.bench: skipped, no Chromium or no ffmpeg here");
else await run();
