/** Addresses of this machine and of the network that it stands in, none of which a router carries further. */
import { BlockList, isIP } from "node:net";

const local = new BlockList();
for (const [net, bits] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
] as const)
  local.addSubnet(net, bits, "ipv4");
for (const [net, bits] of [
  ["::1", 128],
  ["fc00::", 7],
  ["fe80::", 10],
] as const)
  local.addSubnet(net, bits, "ipv6");

/** RFC 1918, RFC 3927, RFC 4193 and loopback; an IPv4 address in IPv6's clothes is looked at as what it is. Names are not local: they can change. */
export function isLocalAddress(address: string): boolean {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, "");
  const family = isIP(bare);
  return family !== 0 && local.check(bare, family === 4 ? "ipv4" : "ipv6");
}
