/** node-rtsp-stream 0.0.9 has no types; these are what `preview-process.ts` uses of it. */
declare module "node-rtsp-stream" {
  import type { ChildProcess } from "node:child_process";
  export default class Stream {
    constructor(options: {
      name: string;
      streamUrl: string;
      wsPort: number;
      width?: number;
      height?: number;
      ffmpegOptions: Record<string, string>;
    });
    on(event: "exitWithError" | "camdata", listener: (data: Buffer) => void): void;
    stop(): void;
    stream: ChildProcess;
  }
}
