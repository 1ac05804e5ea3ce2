import type { Confidence } from '@tidewaiter/domain';

import { Utf8Pieces } from './encoded-text.js';
import { TraitsOfPath } from './file-traits.js';
import { describe, type LocatedMatch, Search, type SecretSighting } from './matcher.js';
import { isDerived, isExamplePath, isMadeByTools } from './paths.js';
import { ProgramStrings, type SearchedKind } from './programs.js';
import { mappedSources, mayMapSources } from './source-map.js';
import { isSqlite, rowsOfSqlite } from './sqlite.js';

/** Secrets of one file, in their order. */
export interface FileSecrets {
  sightings: SecretSighting[];
  /** Reason why a part was not searched, in words, with the size of the file. */
  damage?: string;
}

/** Memory for one file. */
export const searchWindow = {
  /** Bytes in memory at a time: a file up to this size is searched as a whole. */
  bytes: 8 * 1024 * 1024,
  /** Bytes before and after a place that every rule can read in a larger file. */
  contextBytes: 256 * 1024,
};

/** Minimum rank of the rules for a kind of file: in programs, words and numbers are noise. */
const minRanks = { text: 1, history: 2, program: 3 } as const;

/** Finds all secrets of one file; `key` is the HMAC key of the installation. */
export function findSecrets(
  file: { path: string; content: Buffer },
  key: Uint8Array,
  kind: SearchedKind = 'text',
): FileSecrets {
  const found = new SecretSearch(file.path, key, kind).whole(file.content);
  const known = new Set(found.sightings.map(({ fingerprint }) => fingerprint));
  for (const part of partsOf(file, kind)) {
    const search = new SecretSearch(part.path, key);
    for (const piece of part.pieces) search.write(piece);
    const { sightings, damage } = search.end();
    for (const sighting of sightings) {
      if (known.has(sighting.fingerprint)) continue;
      known.add(sighting.fingerprint);
      found.sightings.push(part.hasLines ? sighting : { ...sighting, line: 1 });
    }
    if (damage !== undefined) found.damage ??= damage;
  }
  return found;
}

/** Whether {@link findSecrets} searches parts of a file, which takes the whole of it. */
export const hasSearchedParts = (path: string, head: Uint8Array): boolean => isSqlite(head) || mayMapSources(path);

interface Part {
  path: string;
  pieces: Iterable<Buffer>;
  /** Whether its lines are those of a file. */
  hasLines: boolean;
}

/** Texts inside a file in which names and values are found that the file itself does not show. */
function partsOf({ path, content }: { path: string; content: Buffer }, kind: SearchedKind): Part[] {
  if (isSqlite(content)) return [{ path, pieces: rowsOfSqlite(content), hasLines: false }];
  const sources = kind === 'text' ? mappedSources(path, content) : [];
  return sources.map((source) => ({ path: `${path}!/${source.name}`, pieces: [source.content], hasLines: true }));
}

const zeros = Buffer.alloc(1024 * 1024);
const firstBytes = 64 * 1024;

/**
 * Search of one file whose content arrives in pieces: memory does not depend on its size, and a
 * secret across two pieces is found once.
 */
export class SecretSearch {
  readonly #search: Search;
  readonly #utf8 = new Utf8Pieces();
  #window: Buffer = Buffer.alloc(0);
  /** Bytes in the window, and those of them that have been searched. */
  #length = 0;
  #searched = 0;
  #bytes = 0;
  #endsWithZeros = false;
  readonly #strings: ProgramStrings | undefined;

  constructor(
    private readonly path: string,
    private readonly key: Uint8Array,
    kind: SearchedKind = 'text',
  ) {
    this.#search = new Search(new TraitsOfPath(path), { minRank: minRanks[kind] });
    if (kind === 'program') this.#strings = new ProgramStrings();
  }

  /** Adds the next piece, which may be reused after the call. */
  write(piece: Buffer): void {
    this.#bytes += piece.length;
    // A preallocated or sparse file may have terabytes of zeros.
    const isZeros = piece.length >= firstBytes && zeros.subarray(0, piece.length).equals(piece);
    if (isZeros && this.#endsWithZeros) return;
    this.#endsWithZeros = isZeros;
    this.#add(this.#strings ? this.#strings.of(piece) : this.#utf8.of(piece));
  }

  /** Returns the secrets of a file that is in one piece. */
  whole(content: Buffer): FileSecrets {
    // Conversion to UTF-8 may make it longer.
    if (content.length * 2 >= searchWindow.bytes) {
      this.write(content);
      return this.end();
    }
    this.#bytes = content.length;
    // Searched where it is: copies of all small files would be much garbage.
    this.#window = this.#strings?.whole(content) ?? this.#utf8.of(content);
    this.#length = this.#window.length;
    return this.#result();
  }

  /** Returns the secrets of all pieces. */
  end(): FileSecrets {
    if (this.#strings) this.#add(this.#strings.rest());
    return this.#result();
  }

  #result(): FileSecrets {
    this.#search.scan(this.#window.subarray(0, this.#length), this.#searched, this.#length);
    const { damage } = this.#search;
    const sightings = this.#sightings();
    return damage === undefined ? { sightings } : { sightings, damage: `file of ${this.#bytes} bytes ${damage}` };
  }

  #add(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      this.#reserve(piece.length - at);
      const part = piece.subarray(at, at + this.#window.length - this.#length);
      part.copy(this.#window, this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length === searchWindow.bytes) this.#advance();
    }
  }

  /** Enlarges the window for some bytes more, as far as its limit. */
  #reserve(bytes: number): void {
    const wanted = Math.min(searchWindow.bytes, this.#length + bytes);
    if (wanted <= this.#window.length) return;
    const window = Buffer.allocUnsafe(Math.min(searchWindow.bytes, Math.max(wanted, 2 * this.#window.length)));
    this.#window.copy(window, 0, 0, this.#length);
    this.#window = window;
  }

  /** Searches all places that have enough context after them, and keeps enough before them. */
  #advance(): void {
    const { contextBytes } = searchWindow;
    const until = this.#length - contextBytes;
    const start = until - contextBytes;
    this.#search.scan(this.#window, this.#searched, until);
    this.#search.advance(start);
    this.#window.copyWithin(0, start, this.#length);
    this.#length -= start;
    this.#searched = contextBytes;
  }

  #sightings(): SecretSighting[] {
    const isExample = isExamplePath(this.path);
    const isQuiet = isExample || isMadeByTools(this.path) || isDerived(this.path);
    // In an example, a secret that is known only by its name is documentation.
    const reported = this.#search
      .results()
      .filter(({ rule, confidence }) => !isExample || rule.rank > 1 || confidence !== 'possible');
    return reported.map((secret) => ({
      ...describe(secret, this.key),
      path: this.path,
      // A program has no lines.
      line: this.#strings ? 1 : secret.line,
      ...(isExample && { confidence: lower(secret.confidence) }),
      ...((isQuiet || isWeak(secret)) && { isWeak: true as const }),
    }));
  }
}

/** Whether only its name or place makes a value a secret. */
function isWeak({ rule, confidence, isInComment }: LocatedMatch): boolean {
  return rule.rank === 1 || confidence === 'possible' || isInComment === true;
}

function lower(confidence: Confidence): Confidence {
  return confidence === 'certain' ? 'likely' : 'possible';
}
