import type { Confidence, Severity } from '@tidewaiter/domain';

import { credentialName, readAssignment } from './assignment.js';
import { isTokenChar } from './characters.js';
import { isInComment } from './comments.js';
import { startCheck } from './expression-start.js';
import type { FileTraits } from './file-traits.js';
import { isIdentifier } from './placeholder.js';

/** Kind of secret and how to find it. */
export interface SecretRule {
  id: string;
  title: string;
  severity: Severity;
  /** Lower-case literals; the rule is tried at each occurrence, in any case. */
  keywords: readonly string[];
  /** Confidence of a match whose structure adds nothing. */
  confidence: Confidence;
  /**
   * On one value the highest wins: 3 has a format of its own, 2 a name and a format, 1 only a name.
   */
  rank: 1 | 2 | 3;
  /** In bits per character; a value below it is a filler. */
  minEntropy: number;
  /** Expression of the rule, in the syntax of RE2; rules with their own reader have none. */
  expression?: RegExp;
  /**
   * Limit on characters it may read, if the expression has no bound of its own: RE2 counts to a
   * thousand.
   */
  within?: number;
  /** Files that it applies to; all files by default. */
  paths?: RegExp;
  /** Files that it reads as a whole, instead of places with a keyword. @see FilePatterns */
  files?: readonly string[];
  /** Whether such a file is a list of values, each of which can be read without the others. */
  isList?: true;
  /**
   * Fast check that excludes most places before they count as attempts, and before the bytes are
   * converted to text.
   */
  mayBegin?: (bytes: Buffer, start: number, end: number) => boolean;
  /** Limit on attempts in one file, for rules whose attempts are expensive. */
  tries?: number;
  /** Its candidates are no secrets, but `decoded` text in which all rules search. */
  isCarrier?: true;
  find: (place: KeywordPlace) => readonly Candidate[];
  /** Checks the structure: returns the confidence, or undefined if this is no secret. */
  verify?: (value: string, place: KeywordPlace) => Confidence | undefined;
  /** Texts with such a secret, and similar texts without: generated only in tests. */
  matches: Examples;
  ignores: Examples;
  /** Path of these texts, if `paths` needs one. */
  examplePath?: string;
}

type Examples = () => readonly string[];

/** Place of a keyword in the text of a file; every byte is one character. */
export interface KeywordPlace {
  text: string;
  file: FileTraits;
  start: number;
  end: number;
}

/** Value that may be a secret. */
export interface Candidate {
  start: number;
  end: number;
  /** Value to fingerprint, if it is not the text between `start` and `end`. */
  value?: string;
  /** Text to display instead of the value. */
  shown?: string;
  /**
   * Decoded Base64 between `start` and `end`: a secret with a form of its own in it is the better
   * finding.
   */
  decoded?: string;
  /** `decoded` is what a program joins: a secret in it takes the whole place. */
  isJoined?: true;
  confidence?: Confidence;
}

export const nothing: readonly Candidate[] = [];

type RuleOptions = Pick<SecretRule, 'id' | 'title'> & Partial<SecretRule>;

interface TokenOptions extends RuleOptions {
  keywords: readonly string[];
  /** Whole value, from its first character. */
  expression: RegExp;
  /** Characters of the value before its keyword; `token` goes back to the start of the word. */
  back?: number | 'token';
  matches: Examples;
}

/**
 * Attempts at an expression that ends with the value, as most do after a few characters: some
 * ordinary files have ten thousand such words in a megabyte.
 */
const cheapTries = 200_000;

/** Rule for a value that is identified by its own form. */
export function token(written: TokenOptions): SecretRule {
  const { back = 0, within } = written;
  const expression = sticky(written.expression);
  const fits = startCheck(expression);
  const startOf = ({ text, start }: KeywordPlace) => (back === 'token' ? startOfToken(text, start) : start - back);
  return {
    severity: 'high',
    confidence: 'likely',
    rank: 3,
    minEntropy: 3,
    ...(back !== 'token' && within === undefined && { tries: cheapTries }),
    ...written,
    expression,
    // Going back takes more than a fast check, so it counts as an attempt.
    ...(back === 'token'
      ? {}
      : { mayBegin: (bytes: Buffer, start: number) => fits(bytes, start - back) && isStart(bytes, start - back) }),
    find: (place) => matchAt(expression, place.text, startOf(place), within),
    ignores: () => [...written.matches().map(filled), ...(written.ignores?.() ?? [])],
  };
}

interface AssignmentOptions extends RuleOptions {
  /** Names of the service in lower case, one of which the variable's name contains. */
  services: readonly string[];
  /** The value alone. */
  expression: RegExp;
  /** Accepts names without a word for a credential too. */
  isBare?: boolean;
  /** Generates a value of this form. */
  sample: () => string;
}

/** Rule for a value without a form of its own, identified by the name that it is assigned to. */
export function assigned(written: AssignmentOptions): SecretRule {
  const { services, isBare = false, sample, ...rule } = written;
  const expression = sticky(written.expression);
  const name = services[0] ?? '';
  return {
    severity: 'high',
    confidence: 'likely',
    rank: 2,
    minEntropy: 2,
    ...rule,
    keywords: services,
    expression,
    find: ({ text, start, end }) => {
      const assignment = readAssignment(text, start, end);
      if (assignment === undefined || !(isBare || credentialName.test(assignment.name))) return nothing;
      const found = matchAt(expression, text, assignment.valueStart);
      return found.some(({ start: from, end: to }) => isIdentifier(text.slice(from, to))) ? nothing : found;
    },
    matches: () => [
      `${name}_api_token = "${sample()}"`,
      `export ${name.toUpperCase()}_TOKEN=${sample()}\n`,
      ...(rule.matches?.() ?? []),
    ],
    ignores: () => [
      `${name}_token = "${filled(sample())}"`,
      `the ${name} token of ${sample()}`,
      ...(rule.ignores?.() ?? []),
    ],
  };
}

interface CaptureOptions extends RuleOptions {
  keywords: readonly string[];
  /** From the keyword on; the matching group is the value. */
  expression: RegExp;
  /**
   * Distance from the keyword within which the match must start; by default it starts at the
   * keyword.
   */
  reach?: number;
  /** Decodes the span of the group; by default, the group is the value. */
  decode?: Decode;
  matches: Examples;
  ignores: Examples;
}

type Decode = (text: string, start: number, end: number) => readonly Candidate[];

const asWritten: Decode = (_, start, end) => [{ start, end }];

/** Rule for a value that the surrounding text makes a secret. */
export function captured({ decode = asWritten, ...written }: CaptureOptions): SecretRule {
  const { reach, within } = written;
  const expression = new RegExp(written.expression.source, reach === undefined ? 'dy' : 'd');
  const window = reach ?? within;
  return {
    severity: 'high',
    confidence: 'likely',
    rank: 2,
    minEntropy: 2,
    // With a reach, the match starts anywhere after the keyword.
    ...(reach === undefined && { mayBegin: startCheck(expression) }),
    ...written,
    expression,
    find: ({ text, start, end }) => {
      const offset = window === undefined ? 0 : start;
      expression.lastIndex = start - offset;
      const match = expression.exec(window === undefined ? text : text.slice(start, end + window));
      const span = match?.indices?.slice(1).find(Boolean);
      return span === undefined ? nothing : decode(text, offset + span[0], offset + span[1]);
    },
  };
}

interface FileOptions extends RuleOptions {
  files: readonly string[];
  examplePath: string;
  /** One value with its surroundings; the matching group is the value. */
  expression: RegExp;
  /** Decodes the span of the group; by default, the group is the value. */
  decode?: Decode;
  matches: Examples;
  ignores: Examples;
}

const longestList = 1000;

/**
 * Rule for all values of a file whose path identifies its content, except in comments; `^` and `$`
 * are the ends of lines.
 */
export function listed({ decode = asWritten, ...written }: FileOptions): SecretRule {
  const expression = new RegExp(written.expression.source, 'dgm');
  return {
    severity: 'high',
    confidence: 'likely',
    rank: 2,
    minEntropy: 1.5,
    keywords: [],
    isList: true,
    ...written,
    expression,
    find: ({ text }) => {
      const found: Candidate[] = [];
      for (const { indices = [] } of text.matchAll(expression)) {
        const span = indices.slice(1).find(Boolean);
        if (span !== undefined && !isInComment(text, span[0])) found.push(...decode(text, span[0], span[1]));
        if (found.length >= longestList) break;
      }
      return found;
    },
  };
}

/** Rule with its own reader. */
export function read(written: RuleOptions & Pick<SecretRule, 'keywords' | 'find' | 'matches' | 'ignores'>): SecretRule {
  return { severity: 'high', confidence: 'likely', rank: 2, minEntropy: 2, ...written };
}

function sticky(expression: RegExp): RegExp {
  return new RegExp(expression.source, 'y');
}

function matchAt(expression: RegExp, text: string, from: number, within?: number): readonly Candidate[] {
  const offset = within === undefined ? 0 : from;
  expression.lastIndex = from - offset;
  if (!expression.test(within === undefined ? text : text.slice(from, from + within))) return nothing;
  const end = expression.lastIndex + offset;
  return isTokenChar(text.charCodeAt(end)) ? nothing : [{ start: from, end }];
}

/** The end of an escaped line break, and of any character in URLs, JSON and programs. */
const escaped = /(?:\\[nrt]|(?:%|\\x|\\u[0-9a-f]{2})[0-9a-f]{2})$/i;

/** Whether a word may begin here: not inside another one, but after an escaped character. */
function isStart(bytes: Buffer, from: number): boolean {
  if (from <= 0) return from === 0;
  const before = bytes[from - 1] as number;
  if (before === 0x2d || !isTokenChar(before)) return true;
  return escaped.test(bytes.toString('latin1', Math.max(0, from - 6), from));
}

const longestLead = 200;

function startOfToken(text: string, at: number): number {
  const limit = Math.max(0, at - longestLead);
  let start = at;
  while (start > limit && isTokenChar(text.charCodeAt(start - 1))) start -= 1;
  return start;
}

/** The same shape filled with one letter, as in documentation. */
function filled(sample: string): string {
  const kept = Math.min(12, Math.floor(sample.length / 4));
  return sample.slice(0, kept) + sample.slice(kept).replace(/[A-Za-z0-9]/g, 'x');
}
