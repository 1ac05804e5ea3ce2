import { matchesWildcard } from '@tidewaiter/domain';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

const internalKinds = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat', 'linkLocal']);
const nowhereKinds = new Set(['unspecified', 'broadcast', 'multicast']);

// Metadata services return the machine's own credentials: such an address is neither a public host
// nor one that makes a connection harmless.
const metadataServices = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '168.63.129.16',
  '100.100.100.200',
  'fd00:ec2::254',
  'fd20:ce::254',
]);

/**
 * Class of an address: internal network, internet, metadata service of a cloud, or none (multicast,
 * unreadable).
 */
export function placeOf(text: string, internal: AddressSet): 'internal' | 'public' | 'metadata' | 'nowhere' {
  const address = parse(text);
  if (!address) return 'nowhere';
  if (metadataServices.has(address.toString())) return 'metadata';
  const kind = address.range();
  if (internalKinds.has(kind) || internal.has(text)) return 'internal';
  // Documentation and benchmark ranges count as public hosts: no internal host uses them.
  return nowhereKinds.has(kind) ? 'nowhere' : 'public';
}

/** Set of CIDR ranges, addresses and host names, in which `*` is a wildcard. */
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

  /** Whether an address or a host name is in the set. */
  has(text: string): boolean {
    const address = parse(text);
    if (!address) return this.#names.some((name) => matchesWildcard(name, canonicalHost(text)));
    return this.#ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  }
}

const sets = new WeakMap<readonly string[], AddressSet>();

/** Returns the address set of a policy's list, built once. */
export function addressesOf(list: readonly string[]): AddressSet {
  let set = sets.get(list);
  if (!set) sets.set(list, (set = new AddressSet(list)));
  return set;
}

const authorities = /\b[a-z][a-z0-9+.-]{0,15}:\/\/(?:[^\s/@'"]{0,256}@)?(\[[0-9a-f:.]{2,64}\]|[a-z0-9._-]{1,253})/gi;

/** Returns the hosts of the URLs in a command line, at most 16. */
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

/**
 * Parses an address; IPv4 in IPv6 form becomes IPv4. Accepts four decimal parts or IPv6: shorter
 * forms are names.
 */
function parse(text: string): Address | null {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !(text.includes(':') && ipaddr.IPv6.isValid(text))) return null;
  return ipaddr.process(text);
}

function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
