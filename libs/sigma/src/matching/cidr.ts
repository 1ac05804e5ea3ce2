/** Range of addresses with a common prefix. */
export interface Network {
  /** Text in the rule. */
  text: string;
  /** 128-bit address; IPv4 is mapped to `::ffff:0:0/96`. */
  address: bigint;
  /** Bits of the prefix, of 128. */
  prefixLength: number;
}

const bits = 128;
const mapped = 0xffffn << 32n;

/** @returns a sentence when it is not a network */
export function parseNetwork(text: string): Network | string {
  const [, host = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (address === undefined) return 'is no network, such as 10.0.0.0/8';
  const isIPv4 = !host.includes(':');
  const own = length === undefined ? (isIPv4 ? 32 : bits) : Number(length);
  const prefixLength = isIPv4 ? own + 96 : own;
  if (prefixLength > bits) return 'has a prefix that is longer than an address';
  const network = { text, address, prefixLength };
  return (address & ((1n << BigInt(bits - prefixLength)) - 1n)) === 0n ? network : 'has bits set behind its prefix';
}

export function isInNetwork(text: string, { address, prefixLength }: Network): boolean {
  const host = parseAddress(text);
  return host !== undefined && (host ^ address) >> BigInt(bits - prefixLength) === 0n;
}

/** Set of networks: parses an address once and finds its network by binary search. */
export class NetworkSet {
  readonly #starts: readonly bigint[];
  readonly #ends: readonly bigint[];

  constructor(networks: readonly Network[]) {
    const sorted = networks.toSorted((a, b) =>
      a.address < b.address ? -1 : a.address > b.address ? 1 : a.prefixLength - b.prefixLength,
    );
    const starts: bigint[] = [];
    const ends: bigint[] = [];
    for (const { address, prefixLength } of sorted) {
      const end = address | ((1n << BigInt(bits - prefixLength)) - 1n);
      // Two networks are disjoint, or one contains the other.
      if (ends.length > 0 && end <= ends.at(-1)!) continue;
      starts.push(address);
      ends.push(end);
    }
    this.#starts = starts;
    this.#ends = ends;
  }

  has(text: string): boolean {
    const host = parseAddress(text);
    if (host === undefined) return false;
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= host) low = middle + 1;
      else high = middle;
    }
    return low > 0 && host <= this.#ends[low - 1]!;
  }
}

const maxAddressLength = 45;

/** Parses IPv4 and IPv6 in every notation; undefined for other text. */
function parseAddress(text: string): bigint | undefined {
  if (text.length > maxAddressLength) return undefined;
  return text.includes(':') ? parseIPv6(text) : parseIPv4(text, mapped);
}

function parseIPv4(text: string, prefix: bigint): bigint | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  let address = 0n;
  for (const part of match.slice(1)) {
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined;
    address = (address << 8n) | BigInt(part);
  }
  return prefix | address;
}

function parseIPv6(text: string): bigint | undefined {
  const [, head = '', dotted] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [undefined, text];
  const last = dotted === undefined ? undefined : parseIPv4(dotted, 0n);
  if (dotted !== undefined && last === undefined) return undefined;
  const whole = last === undefined ? head : `${head}${(last >> 16n).toString(16)}:${(last & 0xffffn).toString(16)}`;
  const halves = whole.split('::');
  if (halves.length > 2) return undefined;
  const [before = [], after = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - before.length - after.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let address = 0n;
  for (const group of [...before, ...Array.from({ length: missing }, () => '0'), ...after]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    address = (address << 16n) | BigInt(`0x${group}`);
  }
  return address;
}
