import { compareSeverity, type Confidence, type Severity } from '@tidewaiter/domain';

import { entropyOf } from './characters.js';
import { isInProgramComment } from './comments.js';
import { indexPatterns } from './file-patterns.js';
import type { FileTraits } from './file-traits.js';
import { publicKeyOfPrivate } from './key-pairs.js';
import { fingerprintOf, maskOf } from './mask.js';
import { isPlaceholder } from './placeholder.js';
import { buildPrefilter } from './prefilter.js';
import { publicReason } from './public-keys.js';
import { isPublished } from './published-values.js';
import { secretRules } from './rules.js';
import type { Candidate, KeywordPlace, SecretRule } from './secret-rule.js';

/** Secret in a file, without its value. */
export interface SecretSighting {
  rule: string;
  title: string;
  severity: Severity;
  path: string;
  /** From 1. */
  line: number;
  masked: string;
  /** HMAC-SHA-256 of the value in hex, equal for the same secret elsewhere. */
  fingerprint: string;
  confidence: Confidence;
  /** Only its name makes it a secret, or it is in documentation, tests or generated code. */
  isWeak?: true;
  /** Reason why a key of this kind is public by design. */
  publicAs?: string;
  /** Identity of the public key that belongs to a private key in clear. */
  publicKey?: string;
}

/** Limits for one file; `damage` describes the one that was exceeded. */
export const secretLimits = {
  /** Bytes of a file for which the limits on attempts hold: twice as many allow twice as many. */
  budgetBytes: 16 * 1024 * 1024,
  /** Limit on places with a keyword that one rule checks in detail. */
  attemptsPerRule: 50_000,
  attemptsPerLine: 50_000,
  attemptsPerFile: 1_000_000,
  sightingsPerFile: 1_000,
  /** Depth of nested encodings. */
  depth: 2,
};

/** Raise it when the same bytes give another result. */
export const secretsVersion = 19;

/** Secret with its value, which never leaves this library. */
export interface SecretMatch extends Candidate {
  rule: SecretRule;
  confidence: Confidence;
  publicAs?: string;
  /** In a comment of a program, where most are examples. */
  isInComment?: true;
}

/** Match with its place in the file. */
export interface LocatedMatch extends SecretMatch {
  /** From 1. */
  line: number;
}

const rulesOf = new Map<string, number[]>();
for (const [number, rule] of secretRules.entries()) {
  for (const keyword of rule.keywords) rulesOf.set(keyword, [...(rulesOf.get(keyword) ?? []), number]);
}
const keywords = [...rulesOf.keys()];
const rulesByKeyword = [...rulesOf.values()];
const rulesForFiles = indexPatterns(secretRules.map(({ files = [] }) => files));
const prefilter = buildPrefilter(keywords);

/** Properties of a secret that may be displayed. */
export function describe({ rule, value = '', shown, confidence, publicAs, isInComment }: SecretMatch, key: Uint8Array) {
  // A comment explains the form of a value that only its place makes a secret.
  const isExplained = isInComment === true && rule.rank < 3;
  const [label, encoded] = rule.id === 'private-key' ? value.split('\n') : [];
  const publicKey = label && encoded ? publicKeyOfPrivate(label, encoded) : undefined;
  const isHarmless = publicAs !== undefined || isExplained;
  return {
    rule: rule.id,
    title: rule.title,
    severity: isHarmless && compareSeverity(rule.severity, 'low') < 0 ? ('low' as const) : rule.severity,
    ...(publicAs !== undefined && { publicAs }),
    ...(publicKey !== undefined && { publicKey }),
    masked: shown ?? maskOf(value),
    fingerprint: fingerprintOf(value, key),
    confidence: isExplained ? ('possible' as const) : confidence,
  };
}

/** Finds all secrets of some bytes, in their order, one for each value. */
export function searchBytes(
  content: Buffer,
  file: FileTraits,
  depth = 0,
): { found: SecretMatch[]; damage: string | undefined } {
  const search = new Search(file, { depth });
  search.scan(content, 0, content.length);
  return { found: search.results(), damage: search.damage };
}

interface SearchOptions {
  /** Number of encodings around the content. */
  depth?: number;
  /** Rules of a lower rank are left out. */
  minRank?: SecretRule['rank'];
}

/** Search of one file, a window after the other. */
export class Search {
  /** Reason why a part was not searched, in words. */
  damage: string | undefined;
  private readonly found: LocatedMatch[] = [];
  private readonly foundValues = new Set<string>();
  private readonly values = new Map<SecretRule, Set<string>>();
  /** Attempts by number of the rule, or a mark that the rule does not apply to this file. */
  private readonly attempts = new Int32Array(secretRules.length);
  private attemptsInFile = 0;
  private attemptsInLine = 0;
  private lineEnd = -1;
  private readonly place: KeywordPlace;
  private readonly depth: number;
  private readonly minRank: number;
  private content: Buffer = Buffer.alloc(0);
  /** Offset and line of the window in the file. */
  private offset = 0;
  private line = 1;
  /** Number of entries of `found` that have their place in the file. */
  private located = 0;

  constructor(file: FileTraits, { depth = 0, minRank = 1 }: SearchOptions = {}) {
    this.depth = depth;
    this.minRank = minRank;
    this.place = { text: '', file, start: 0, end: 0 };
  }

  /** Searches the keywords of a window that end after `from` and at or before `until`. */
  scan(window: Buffer, from: number, until: number): void {
    this.content = window;
    this.place.text = '';
    this.lineEnd = -1;
    for (const rule of rulesForFiles.of(this.place.file.path)) {
      // A list of values continues in the next window; other formats begin with the file.
      if (this.offset === 0 || secretRules[rule]?.isList) this.tryRule(rule, 0, 0);
    }
    prefilter.scan(window, until, (keyword, end) => this.tryKeyword(keyword, end), from);
    this.locate();
  }

  /** Moves the window on by some bytes. */
  advance(bytes: number): void {
    this.line += countNewlines(this.content, bytes);
    this.offset += bytes;
    // A known value keeps the text of its window in memory.
    this.values.clear();
  }

  tryKeyword(keyword: number, end: number): void {
    const length = keywords[keyword]?.length ?? 0;
    for (const rule of rulesByKeyword[keyword] ?? []) this.tryRule(rule, end - length, end);
  }

  tryRule(number: number, start: number, end: number): void {
    const rule = secretRules[number];
    if (rule === undefined || rule.rank < this.minRank || !this.isForFile(rule, number)) return;
    if (rule.mayBegin?.(this.content, start, end) === false || !this.mayTry(number, start, rule.tries)) return;
    const { place } = this;
    // One character per byte: the text is made once, and only if a rule reads it.
    if (place.text === '') place.text = this.content.toString('latin1');
    place.start = start;
    place.end = end;
    for (const candidate of rule.find(place)) this.evaluate(rule, candidate);
  }

  private isForFile(rule: SecretRule, number: number): boolean {
    if (rule.paths === undefined) return true;
    if (this.attempts[number] === 0) this.attempts[number] = rule.paths.test(this.place.file.path) ? 1 : -1;
    return this.attempts[number] !== -1;
  }

  private mayTry(number: number, start: number, tries = secretLimits.attemptsPerRule): boolean {
    if (start > this.lineEnd) {
      const next = this.content.indexOf(0x0a, start);
      this.lineEnd = next === -1 ? this.content.length : next;
      this.attemptsInLine = 0;
    }
    const { attemptsPerLine, attemptsPerFile, budgetBytes, sightingsPerFile } = secretLimits;
    const budgets = 1 + Math.floor((this.offset + start) / budgetBytes);
    const ofRule = (this.attempts[number] ?? 0) + 1;
    // A rule at its limit leaves the limits of the file to the others: a log with `token=null` in
    // every line must not hide a key of another format.
    if (ofRule > tries * budgets) return this.cut(tooManyWords);
    this.attempts[number] = ofRule;
    this.attemptsInFile += 1;
    this.attemptsInLine += 1;
    if (this.attemptsInLine > attemptsPerLine || this.attemptsInFile > attemptsPerFile * budgets)
      return this.cut(tooManyWords);
    return (
      this.found.length < sightingsPerFile ||
      this.cut(`has more than ${sightingsPerFile} secrets, the rest is not listed`)
    );
  }

  private cut(damage: string): false {
    this.damage ??= damage;
    return false;
  }

  private evaluate(rule: SecretRule, candidate: Candidate): void {
    const value = candidate.value ?? this.place.text.slice(candidate.start, candidate.end);
    if (this.isKnown(rule, value)) return;
    if (candidate.decoded !== undefined && this.searchDecoded(candidate, candidate.decoded) >= rule.rank) return;
    if (rule.isCarrier === true || entropyOf(value) < rule.minEntropy) return;
    if (candidate.value === undefined ? isPlaceholder(value, rule.rank === 3) : isPublished(value)) return;
    const confidence =
      rule.verify === undefined ? (candidate.confidence ?? rule.confidence) : rule.verify(value, this.place);
    if (confidence === undefined) return;
    const { text, file } = this.place;
    const publicAs = publicReason(value, text, candidate.start, candidate.end);
    this.found.push({
      ...{ ...candidate, value, rule, confidence, line: 0 },
      ...(publicAs !== undefined && { publicAs }),
      ...(isInProgramComment(file.path, text, candidate.start) && { isInComment: true as const }),
    });
  }

  /**
   * Gives new matches their place in the file, and a value of their own instead of a part of the
   * window's text.
   */
  private locate(): void {
    const fresh = this.found.splice(this.located).toSorted((a, b) => a.start - b.start);
    let line = this.line;
    let at = 0;
    for (const match of fresh) {
      line += countNewlines(this.content, match.start, at);
      at = Math.max(at, match.start);
      const value = copyOf(match.value ?? '');
      const key = `${match.rule.id} ${value}`;
      if (this.foundValues.has(key)) continue;
      this.foundValues.add(key);
      this.found.push({
        ...match,
        value,
        line,
        ...(match.decoded !== undefined && { decoded: '' }),
        start: match.start + this.offset,
        end: match.end + this.offset,
      });
    }
    this.located = this.found.length;
  }

  /** Searches decoded or joined text as plain text; returns the highest rank of its findings. */
  private searchDecoded({ start, end, isJoined }: Candidate, decoded: string): number {
    if (this.depth === secretLimits.depth) return 0;
    const { found } = searchBytes(Buffer.from(decoded, 'latin1'), this.place.file, this.depth + 1);
    // Base64 has four characters for three bytes.
    const place = (offset: number) => start + (offset * 4) / 3;
    for (const inner of found) {
      const at = isJoined
        ? { start, end }
        : { start: Math.floor(place(inner.start)), end: Math.ceil(place(inner.end)) };
      this.found.push({ ...inner, ...at, line: 0 });
    }
    return Math.max(0, ...found.map(({ rule }) => rule.rank));
  }

  /**
   * A value is evaluated once: repetitions in the same file add nothing, and must not use up the
   * limit.
   */
  private isKnown(rule: SecretRule, value: string): boolean {
    const values = this.values.get(rule) ?? new Set();
    if (values.has(value)) return true;
    this.values.set(rule, values.add(value));
    return false;
  }

  /** Secrets in their order, one for each value. */
  results(): LocatedMatch[] {
    const best = this.found.toSorted(
      (a, b) => b.rule.rank - a.rule.rank || sureness(b) - sureness(a) || b.end - b.start - (a.end - a.start),
    );
    const kept: LocatedMatch[] = [];
    const values = new Set<string>();
    for (const secret of best) {
      if (kept.some((other) => secret.start < other.end && other.start < secret.end)) continue;
      kept.push(secret);
    }
    return kept
      .toSorted((a, b) => a.start - b.start)
      .filter(({ value = '' }) => !values.has(value) && values.add(value).has(value));
  }
}

const tooManyWords = 'has too many words that may begin a secret to examine all of them';

const scale: readonly Confidence[] = ['possible', 'likely', 'certain'];
const sureness = ({ confidence }: SecretMatch): number => scale.indexOf(confidence);

/** A part of a long text keeps the whole text in memory. */
const copyOf = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

function countNewlines(content: Buffer, end: number, start = 0): number {
  let count = 0;
  for (let at = content.indexOf(0x0a, start); at !== -1 && at < end; at = content.indexOf(0x0a, at + 1)) count += 1;
  return count;
}
