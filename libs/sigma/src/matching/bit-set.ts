/** Set of numbers below a size, as bits. */
export type BitSet = Int32Array;

export function emptySet(size: number): BitSet {
  return new Int32Array((size + 31) >> 5);
}

export function addTo(set: BitSet, number: number): void {
  set[number >> 5]! |= 1 << (number & 31);
}

export function addAll(set: BitSet, others: BitSet): void {
  for (let word = 0; word < set.length; word += 1) set[word]! |= others[word]!;
}

/** Writes the intersection to `result`; returns whether it is not empty. */
export function common(a: BitSet, b: BitSet, result: BitSet): boolean {
  let any = 0;
  for (let word = 0; word < a.length; word += 1) any |= result[word] = a[word]! & b[word]!;
  return any !== 0;
}

export function membersOf(set: BitSet): number[] {
  const members: number[] = [];
  for (let word = 0; word < set.length; word += 1)
    for (let rest = set[word]!; rest !== 0; rest &= rest - 1) members.push((word << 5) + 31 - Math.clz32(rest & -rest));
  return members;
}

export function overlap(a: BitSet, b: BitSet): boolean {
  for (let word = 0; word < a.length; word += 1) if ((a[word]! & b[word]!) !== 0) return true;
  return false;
}

export function isEqual(a: BitSet, b: BitSet): boolean {
  for (let word = 0; word < a.length; word += 1) if (a[word] !== b[word]) return false;
  return true;
}

export function hashOf(set: BitSet): number {
  let hash = 0;
  for (let word = 0; word < set.length; word += 1) hash = Math.imul(hash ^ set[word]!, 0x9e37_79b1) ^ (hash >>> 15);
  return hash;
}
