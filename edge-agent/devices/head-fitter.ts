/** Fits a site head with TensorFlow.js in a thread that ends afterwards: a lamppost keeps none of its memory. */
import { Worker } from "node:worker_threads";
import { Fault } from "#contract/errors.ts";
import type { Example, SiteHead } from "#core/acoustics/site-head.ts";

export interface FitAsk {
  sets: { embedding: Float32Array; probability: number; gunshot: boolean; weight: number }[][];
}

export interface FitAnswer {
  heads: SiteHead[];
  /** `tfjs-node` where it is installed, else `wasm`. */
  backend: string;
}

const limitMs = 120_000;

/** One head per set of examples, each incident of a set weighing alike. @throws Fault (failed) when the thread dies or takes two minutes. */
export function fitHeads(sets: readonly (readonly Example[])[]): Promise<FitAnswer> {
  const ask: FitAsk = {
    sets: sets.map((examples) => {
      const counts = new Map<string, number>();
      for (const { incident } of examples) counts.set(incident, (counts.get(incident) ?? 0) + 1);
      return examples.map(({ embedding, probability, gunshot, incident }) => ({
        embedding,
        probability,
        gunshot,
        weight: 1 / counts.get(incident)!,
      }));
    }),
  };
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./head-fitter-worker.ts", import.meta.url), { workerData: ask });
    const timer = setTimeout(() => void worker.terminate(), limitMs);
    worker.once("message", (answer: FitAnswer) => resolve(answer));
    worker.once("error", (cause) =>
      reject(new Fault("failed", `fitting the site's head: ${(cause as Error).message}`, { cause })),
    );
    worker.once("exit", () => {
      clearTimeout(timer);
      reject(new Fault("failed", "fitting the site's head: the thread ended without an answer"));
    });
  });
}
