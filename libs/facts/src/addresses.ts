import { matchesWildcard } from '@tidewaiter/domain';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const internalKinds = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat', 'linkLocal']);
const nowhereKinds = new Set(['unspecified', 'broadcast', 'multicast']);

// They hand out the machine's own credentials: neither a public place nor one that makes a connection harmless.
const metadataServices = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '168.63.129.16',
  '100.100.100.200',
  'fd00:ec2::254',
  'fd20:ce::254',
]);

/** Where an address is: of this network, in the world, a cloud's metadata service, or no place (multicast, unreadable). */
export function placeOf(text: string, internal: AddressSet): 'internal' | 'public' | 'metadata' | 'nowhere' {
  const address = parse(text);
  if (!address) return 'nowhere';
  if (metadataServices.has(address.toString())) return 'metadata';
  const kind = address.range();
  if (internalKinds.has(kind) || internal.has(text)) return 'internal';
  // Documentation and benchmark ranges stand for public hosts: nothing of ours is there.
  return nowhereKinds.has(kind) ? 'nowhere' : 'public';
}

/** CIDR ranges, addresses and names of hosts, in which `*` stands for anything. */
export class AddressSet {
  readonly #ranges: [Address, number][] = [];
  readonly #names: string[] = [];

  constructor(entries: Iterable<string>) {
    for (const entry of entries) {
      const address = parse(entry);
      if (address) this.#ranges.push([address, address.kind() === 'ipv4' ? 32 : 128]);
      else if (ipaddr.isValidCIDR(entry)) this.#ranges.push(ipaddr.parseCIDR(entry));
      else this.#names.push(canonicalHost(entry));
    }
  }

  get hasNames(): boolean {
    return this.#names.length > 0;
  }

  /** Whether an address or the name of a host is among them. */
  has(text: string): boolean {
    const address = parse(text);
    if (!address) return this.#names.some((name) => matchesWildcard(name, canonicalHost(text)));
    return this.#ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  }
}

const sets = new WeakMap<readonly string[], AddressSet>();

/** The set of a list of a policy, made once. */
export function addressesOf(list: readonly string[]): AddressSet {
  let set = sets.get(list);
  if (!set) sets.set(list, (set = new AddressSet(list)));
  return set;
}

const authorities = /\b[a-z][a-z0-9+.-]{0,15}:\/\/(?:[^\s/@'"]{0,256}@)?(\[[0-9a-f:.]{2,64}\]|[a-z0-9._-]{1,253})/gi;

/** The hosts of the URLs in a command line, a few of them. */
export function hostsIn(commandLine: string): string[] {
  const hosts: string[] = [];
  for (const [, host] of commandLine.slice(0, 8192).matchAll(authorities)) {
    if (hosts.length === 16) break;
    hosts.push(canonicalHost(host!.replace(/^\[|\]$/g, '')));
  }
  return hosts;
}

export function isAddress(text: string): boolean {
  return parse(text) !== null;
}

/** An IPv4 address in the form of IPv6 is one of IPv4. Four decimal parts, or IPv6: shorter forms are names. */
function parse(text: string): Address | null {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !(text.includes(':') && ipaddr.IPv6.isValid(text))) return null;
  return ipaddr.process(text);
}

function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
