/** Figures for Prometheus, read from the parts when asked for. */
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

export interface Figure {
  name: string;
  help: string;
  /** One number, or one for each value of `label`. */
  read: () => number | Record<string, number>;
  label?: string;
}

export function makeMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Totals that the parts count themselves; a gauge that is read on scrape keeps their counters the only ones. */
export function addFigures(registry: Registry, figures: readonly Figure[]): void {
  for (const { name, help, read, label } of figures) {
    new Gauge({
      name: `tocsin_${name}`,
      help,
      registers: [registry],
      labelNames: label ? [label] : [],
      collect() {
        const value = read();
        if (typeof value === "number") this.set(value);
        else for (const [key, n] of Object.entries(value)) this.set({ [label as string]: key }, n);
      },
    });
  }
}
