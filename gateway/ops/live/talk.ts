/** What those who look at one picture say to each other: places in it, for some seconds, and words. Over the data channel of the look. */
import { signal } from "@preact/signals";
import { DATA_LABEL, type DataSaid, type DataSay } from "#contract/video-data.ts";

export interface Point {
  key: number;
  x: number;
  y: number;
  name: string;
  mine: boolean;
}

export interface ChatLine {
  key: number;
  name: string;
  text: string;
  atMs: number;
  mine: boolean;
}

const POINT_MS = 4000;
const MOST_POINTS = 10;
const MOST_LINES = 200;

let keys = 0;

export class Talk {
  readonly points = signal<readonly Point[]>([]);
  readonly chat = signal<readonly ChatLine[]>([]);
  readonly maySay = signal(false);
  #channel: RTCDataChannel | undefined;

  /** Opens the channel of a new connection. `other` hears what is neither a place nor words. */
  open(connection: RTCPeerConnection, other: (said: DataSaid) => void): void {
    const channel = connection.createDataChannel(DATA_LABEL);
    this.#channel = channel;
    channel.onopen = () => (this.maySay.value = true);
    channel.onclose = () => {
      if (this.#channel === channel) this.maySay.value = false;
    };
    channel.onmessage = ({ data }) => {
      const said = JSON.parse(String(data)) as DataSaid;
      if (said.type === "point") this.#mark(said.x, said.y, said.name, false);
      else if (said.type === "chat") this.#line(said.name, said.text, false);
      else other(said);
    };
  }

  /** Shows a place in the picture to everybody who looks at it. False where nobody can be told now. */
  point(x: number, y: number): boolean {
    const sent = this.#say({ type: "point", x, y });
    if (sent) this.#mark(x, y, "you", true);
    return sent;
  }

  write(text: string): boolean {
    const sent = this.#say({ type: "chat", text });
    if (sent) this.#line("you", text, true);
    return sent;
  }

  #say(say: DataSay): boolean {
    if (this.#channel?.readyState !== "open") return false;
    this.#channel.send(JSON.stringify(say));
    return true;
  }

  #mark(x: number, y: number, name: string, mine: boolean): void {
    const key = keys++;
    this.points.value = [...this.points.value.slice(1 - MOST_POINTS), { key, x, y, name, mine }];
    setTimeout(() => (this.points.value = this.points.value.filter((point) => point.key !== key)), POINT_MS);
  }

  #line(name: string, text: string, mine: boolean): void {
    const line = { key: keys++, name, text, atMs: Date.now(), mine };
    this.chat.value = [...this.chat.value.slice(1 - MOST_LINES), line];
  }
}
