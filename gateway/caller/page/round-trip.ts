/**
 * An offer in which the viewer may ask how far away the relay is (RTCP XR, RFC 3611): Chromium does so and does not offer it by
 * itself, and takes 100 ms for the round trip where it is not told. Who does not know it leaves it out.
 */
export function withRoundTrip(sdp: string): string {
  return sdp.replace(/^a=rtcp-fb:(\d+) nack\r\n/gm, "a=rtcp-fb:$1 nack\r\na=rtcp-fb:$1 rrtr\r\n");
}
