/**
 * The agent of look.process.test.ts: as configured, but its camera plays a film. The configuration itself refuses to compare faces in a file.
 * `node testing-agent.ts CONFIG FILM`
 */
import { pino } from "pino";
import { readAgentConfig, runAgent } from "../main.ts";
import type { LookConfig } from "./look/config.ts";

const [file, path] = process.argv.slice(2) as [string, string];
const config = await readAgentConfig(file);
const look = config.roles.look as LookConfig;
const filmed = { ...config, roles: { look: { ...look, camera: { ...look.camera, source: { kind: "file", path } } } } };
await runAgent(filmed, pino(pino.destination(2)), new AbortController().signal);
