import type { Confidence, Severity } from '@tidewaiter/domain';

import { entropyOf } from './characters.js';
import { utf8Of } from './encoded-text.js';
import { indexPatterns } from './file-patterns.js';
import { TraitsOfPath } from './file-traits.js';
import type { FileTraits } from './file-traits.js';
import { fingerprintOf, maskOf } from './mask.js';
import { isExamplePath, isShippedExample } from './paths.js';
import { isPlaceholder } from './placeholder.js';
import { buildPrefilter } from './prefilter.js';
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
}

/** Limits for one file; `damage` names the one that was exceeded. */
export const secretLimits = {
  fileBytes: 16 * 1024 * 1024,
  /** Limit on places with a keyword that one rule checks in detail. */
  attemptsPerRule: 50_000,
  attemptsPerLine: 50_000,
  attemptsPerFile: 200_000,
  sightingsPerFile: 1_000,
  /** Depth of nested encodings. */
  depth: 2,
};

/** Raise it when the same bytes give another result. */
export const secretsVersion = 4;

/** Secret with its value, which never leaves this library. */
export interface SecretMatch extends Candidate {
  rule: SecretRule;
  confidence: Confidence;
}

const rulesOf = new Map<string, number[]>();
for (const [number, rule] of secretRules.entries()) {
  for (const keyword of rule.keywords) rulesOf.set(keyword, [...(rulesOf.get(keyword) ?? []), number]);
}
const keywords = [...rulesOf.keys()];
const rulesByKeyword = [...rulesOf.values()];
const rulesForFiles = indexPatterns(secretRules.map(({ files = [] }) => files));
const prefilter = buildPrefilter(keywords);

/** Finds all secrets of one file; `key` is the HMAC key of the installation. */
export function findSecrets(
  file: { path: string; content: Buffer },
  key: Uint8Array,
): { sightings: SecretSighting[]; damage?: string } {
  const { path } = file;
  const content = utf8Of(file.content);
  const isExample = isExamplePath(path);
  const { found, damage } = searchBytes(content, new TraitsOfPath(path));
  const newlines = lineCounter(content);
  // In an example, a secret that is known only by its name is documentation.
  const reported = isExample
    ? found.filter(({ rule, confidence }) => rule.rank > 1 || confidence !== 'possible')
    : found;
  const sightings = reported.map((secret) => ({
    ...describe(secret, key),
    path,
    line: newlines(secret.start),
    ...(isExample && { confidence: lower(secret.confidence) }),
    ...(isShippedExample(path) && { severity: 'low' as const, confidence: 'possible' as const }),
  }));
  return damage === undefined ? { sightings } : { sightings, damage };
}

/** Properties of a secret that may be displayed. */
export function describe({ rule, value = '', shown, confidence }: SecretMatch, key: Uint8Array) {
  return {
    rule: rule.id,
    title: rule.title,
    severity: rule.severity,
    masked: shown ?? maskOf(value),
    fingerprint: fingerprintOf(value, key),
    confidence,
  };
}

/** Finds all secrets of some bytes, in their order, one for each value. */
export function searchBytes(
  content: Buffer,
  file: FileTraits,
  depth = 0,
): { found: SecretMatch[]; damage: string | undefined } {
  const length = Math.min(content.length, secretLimits.fileBytes);
  const search = new Search(content, length, file, depth);
  for (const rule of rulesForFiles.of(file.path)) search.tryRule(rule, 0, 0);
  prefilter.scan(content, length, (keyword, end) => search.tryKeyword(keyword, end));
  return { found: search.results(), damage: content.length > length ? 'SECRETS_FILE_CUT' : search.damage };
}

/** State of one file's search. */
class Search {
  damage: string | undefined;
  private readonly found: SecretMatch[] = [];
  private readonly values = new Map<SecretRule, Set<string>>();
  /** Attempts by number of the rule, or a mark that the rule does not apply to this file. */
  private readonly attempts = new Int32Array(secretRules.length);
  private attemptsInFile = 0;
  private attemptsInLine = 0;
  private lineEnd = -1;
  private readonly place: KeywordPlace;

  constructor(
    private readonly content: Buffer,
    private readonly length: number,
    file: FileTraits,
    private readonly depth: number,
  ) {
    this.place = { text: '', file, start: 0, end: 0 };
  }

  tryKeyword(keyword: number, end: number): void {
    const length = keywords[keyword]?.length ?? 0;
    for (const rule of rulesByKeyword[keyword] ?? []) this.tryRule(rule, end - length, end);
  }

  tryRule(number: number, start: number, end: number): void {
    const rule = secretRules[number];
    if (rule === undefined || !this.isForFile(rule, number)) return;
    if (rule.mayBegin?.(this.content, start, end) === false || !this.mayTry(number, start, rule.tries)) return;
    const { place } = this;
    // One character per byte: the text is made once, and only if a rule reads it.
    if (place.text === '') place.text = this.content.toString('latin1', 0, this.length);
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
      this.lineEnd = next === -1 ? this.length : next;
      this.attemptsInLine = 0;
    }
    this.attemptsInFile += 1;
    this.attemptsInLine += 1;
    const ofRule = (this.attempts[number] ?? 0) + 1;
    this.attempts[number] = ofRule;
    if (this.attemptsInLine > secretLimits.attemptsPerLine) return this.cut('SECRETS_LINE_CUT');
    if (ofRule > tries) return this.cut('SECRETS_RULE_CUT');
    if (this.attemptsInFile > secretLimits.attemptsPerFile) return this.cut('SECRETS_FILE_CUT');
    return this.found.length < secretLimits.sightingsPerFile || this.cut('SECRETS_COUNT_CUT');
  }

  private cut(damage: string): false {
    this.damage ??= damage;
    return false;
  }

  private evaluate(rule: SecretRule, candidate: Candidate): void {
    const value = candidate.value ?? this.place.text.slice(candidate.start, candidate.end);
    if (this.isKnown(rule, value)) return;
    if (candidate.decoded !== undefined && this.searchDecoded(candidate, candidate.decoded) >= rule.rank) return;
    if (entropyOf(value) < rule.minEntropy) return;
    if (candidate.value === undefined && isPlaceholder(value, rule.rank === 3)) return;
    const confidence =
      rule.verify === undefined ? (candidate.confidence ?? rule.confidence) : rule.verify(value, this.place);
    if (confidence !== undefined) this.found.push({ ...candidate, value, rule, confidence });
  }

  /** Searches decoded Base64 as if it were plain text; returns the highest rank of its findings. */
  private searchDecoded({ start }: Candidate, decoded: string): number {
    if (this.depth === secretLimits.depth) return 0;
    const { found } = searchBytes(Buffer.from(decoded, 'latin1'), this.place.file, this.depth + 1);
    // Base64 has four characters for three bytes.
    const place = (offset: number) => start + (offset * 4) / 3;
    for (const inner of found)
      this.found.push({ ...inner, start: Math.floor(place(inner.start)), end: Math.ceil(place(inner.end)) });
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

  results(): SecretMatch[] {
    const best = this.found.toSorted(
      (a, b) => b.rule.rank - a.rule.rank || sureness(b) - sureness(a) || b.end - b.start - (a.end - a.start),
    );
    const kept: SecretMatch[] = [];
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

const scale: readonly Confidence[] = ['possible', 'likely', 'certain'];
const sureness = ({ confidence }: SecretMatch): number => scale.indexOf(confidence);

function lower(confidence: Confidence): Confidence {
  return confidence === 'certain' ? 'likely' : 'possible';
}

/** Counts lines from the offset of the previous call: offsets come in their order. */
function lineCounter(content: Buffer): (offset: number) => number {
  let line = 1;
  let at = 0;
  return (offset) => {
    for (let next = content.indexOf(0x0a, at); next !== -1 && next < offset; next = content.indexOf(0x0a, at)) {
      line += 1;
      at = next + 1;
    }
    return line;
  };
}
