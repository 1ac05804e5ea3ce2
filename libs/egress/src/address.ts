import { InvalidInput } from '@tidewaiter/domain';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/**
 * Class of an address: `public` may always be reached, `private` if the administrator allows it,
 * `forbidden` (link-local, metadata services, reserved, multicast, unreadable) only by its own CIDR
 * in the allow list.
 */
export type AddressKind = 'public' | 'private' | 'forbidden';

const privateRanges = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

// Metadata services return the machine's own credentials. These four are outside 169.254.0.0/16, in
// ranges that would otherwise pass as public (Azure) or private (Alibaba, AWS, Google).
const metadataServices = ['168.63.129.16/32', '100.100.100.200/32', 'fd00:ec2::254/128', 'fd20:ce::254/128'].map(
  toRange,
);

const globalUnicast = toRange('2000::/3');

/**
 * IPv6 blocks that carry an IPv4 address, and the byte it starts at: such traffic ends at the IPv4
 * address.
 */
const embeddings: [range: Range, offset: number][] = [
  [toRange('::/96'), 12], // IPv4-compatible, RFC 4291 section 2.5.5.1
  [toRange('::ffff:0:0/96'), 12], // IPv4-mapped, RFC 4291 section 2.5.5.2
  [toRange('::ffff:0:0:0/96'), 12], // IPv4-translated, RFC 2765 section 2.1
  [toRange('64:ff9b::/96'), 12], // NAT64, RFC 6052 section 2.1
  [toRange('2002::/16'), 2], // 6to4, RFC 3056 section 2
];

/** Classifies one address, after unwrapping an IPv4 address embedded in an IPv6 one. */
export function classifyAddress(text: string): AddressKind {
  if (!ipaddr.isValid(text)) return 'forbidden';
  const address = unwrap(ipaddr.parse(text));
  if (metadataServices.some((range) => contains(range, address))) return 'forbidden';
  const range = address.range();
  if (privateRanges.has(range)) return 'private';
  if (range !== 'unicast') return 'forbidden';
  return address.kind() === 'ipv4' || contains(globalUnicast, address) ? 'public' : 'forbidden';
}

/**
 * The administrator's list of CIDRs, addresses and host names that may be reached although they are
 * not public.
 */
export class AllowList {
  readonly #hosts = new Set<string>();
  readonly #ranges: Range[] = [];

  /**
   * @throws InvalidInput `EGRESS_POLICY` when an entry is neither a CIDR, an address nor a host
   * name with or without a port.
   */
  constructor(entries: Iterable<string>) {
    for (const entry of entries) {
      if (ipaddr.isValidCIDR(entry)) this.#ranges.push(toRange(entry));
      else if (ipaddr.isValid(entry)) this.#ranges.push([ipaddr.parse(entry), entry.includes(':') ? 128 : 32]);
      else if (isHost(entry)) this.#hosts.add(canonicalHost(entry));
      else
        throw new InvalidInput('EGRESS_POLICY', `egress.allow: ${JSON.stringify(entry)} is no CIDR and no host name`);
    }
  }

  /**
   * Whether this exact name is listed, with all its ports or this one. Suffixes never match, since
   * a look-alike would.
   */
  hasHost(host: string, port: number): boolean {
    const name = canonicalHost(host);
    return this.#hosts.has(name) || this.#hosts.has(`${name}:${port}`);
  }

  hasAddress(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.parse(text);
    const target = unwrap(address);
    return this.#ranges.some((range) => contains(range, address) || contains(range, target));
  }
}

// An all-numeric last label would be a disguised address (RFC 3696 section 2), and a mistyped one.
const hostName = /^(?![0-9.]*$)[a-z0-9_][a-z0-9_-]*(?:\.[a-z0-9_][a-z0-9_-]*)*\.?$/i;

/** `registry.lan`, `blobs.lan:9000`, `10.0.0.5:9000`, `[fd00::5]:9000` */
function isHost(entry: string): boolean {
  const [, host = entry, port] = /^(.+):(\d{1,5})$/.exec(entry) ?? [];
  if (port === undefined) return hostName.test(host);
  const literal = /^\[(.+)\]$/.exec(host)?.[1] ?? host;
  return (
    Number(port) <= 65_535 &&
    (hostName.test(host) || ipaddr.IPv4.isValidFourPartDecimal(host) || ipaddr.IPv6.isValid(literal))
  );
}

/** Lower case, without a final dot of the name and without brackets. */
function canonicalHost(host: string): string {
  return host.toLowerCase().replace(/\.(?=:\d+$|$)|[[\]]/g, '');
}

function unwrap(address: Address): Address {
  if (address.kind() === 'ipv4' || address.range() === 'loopback') return address;
  const embedding = embeddings.find(([range]) => contains(range, address));
  if (!embedding) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(embedding[1], embedding[1] + 4));
}

function contains([network, bits]: Range, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

function toRange(cidr: string): Range {
  return ipaddr.parseCIDR(cidr);
}
