import { randomInt } from 'node:crypto';

const slash = 0x2f;
// Looked up once: in the contexts of a test runner a global costs as much as the rest of a path
// together.
const { imul } = Math;

// Random in each process, so that an attacker cannot prepare names that collide.
const seed = randomInt(2 ** 32);
const factor = randomInt(2 ** 31) * 2 + 1;

/**
 * Hash table of numbers by path, some 16 bytes each: unlike a Map, it reads the path's text through
 * `pathOf`.
 */
export class PathIndex {
  /** Each number plus one; zero if empty. */
  #slots = new Uint32Array(1024);
  /** Hash of the path in each slot. */
  #hashes = new Uint32Array(1024);
  #size = 0;

  constructor(private readonly pathOf: (id: number) => string) {}

  get(path: string): number | undefined {
    return this.#idIn(this.#slotOf(path, hashOf(path)));
  }

  /** @returns the previous number */
  set(path: string, id: number): number | undefined {
    const hash = hashOf(path);
    const slot = this.#slotOf(path, hash);
    const before = this.#idIn(slot);
    this.#slots[slot] = id + 1;
    this.#hashes[slot] = hash;
    if (before === undefined) {
      this.#size += 1;
      if (this.#size * 4 > this.#slots.length * 3) this.#grow();
    }
    return before;
  }

  /**
   * Numbers stored for the directories above `path`, from the top down, for at most `maxDepth`
   * directories.
   */
  above(path: string, maxDepth = Infinity): number[] {
    const found: number[] = [];
    let hash = seed;
    for (let at = 0, depth = 0; at < path.length && depth < maxDepth; at += 1) {
      const code = path.charCodeAt(at);
      if (code === slash) {
        // The hash of each directory is an intermediate value of the path's hash.
        const id = this.#idIn(this.#slotOf(path.slice(0, at), hash >>> 0));
        if (id !== undefined) found.push(id);
        depth += 1;
      }
      hash = mix(hash, code);
    }
    return found;
  }

  #idIn(slot: number): number | undefined {
    const id = this.#slots[slot]!;
    return id === 0 ? undefined : id - 1;
  }

  /** Slot of a path, or the free one for it. */
  #slotOf(path: string, hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let id = this.#slots[slot]!; id !== 0; id = this.#slots[slot]!) {
      if (this.#hashes[slot] === hash && this.pathOf(id - 1) === path) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const [slots, hashes] = [this.#slots, this.#hashes];
    this.#slots = new Uint32Array(slots.length * 2);
    this.#hashes = new Uint32Array(slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let from = 0; from < slots.length; from += 1) {
      const id = slots[from]!;
      if (id === 0) continue;
      let slot = hashes[from]! & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
      this.#hashes[slot] = hashes[from]!;
    }
  }
}

function hashOf(path: string): number {
  let hash = seed;
  for (let at = 0; at < path.length; at += 1) hash = mix(hash, path.charCodeAt(at));
  return hash >>> 0;
}

function mix(hash: number, code: number): number {
  const product = imul(hash ^ code, factor);
  return product ^ (product >>> 15);
}
