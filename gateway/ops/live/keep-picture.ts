/** Puts a picture on an incident's timeline. Resolves to what became of it, in words. */
import { ask } from "../api.ts";
import { endedSession, loadDetail } from "../state/actions.ts";

export async function keepPicture(
  canvas: HTMLCanvasElement,
  stream: string,
  incident: string,
): Promise<{ text: string; failed: boolean }> {
  if (canvas.width === 0) return { text: "There is no picture to keep yet.", failed: true };
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  if (blob === null) return { text: "The browser made no picture of it.", failed: true };
  const query = new URLSearchParams({ stream: stream, incident });
  const answer = await ask("POST", `/api/video/snapshot?${query}`, blob);
  if (!answer.ok) {
    endedSession(answer);
    return { text: `Not kept: ${answer.error}.`, failed: true };
  }
  void loadDetail(incident);
  return { text: "The picture is on the timeline.", failed: false };
}
