import { InvalidInput, Secret } from '@tidewaiter/domain';

import { parseDuration } from './duration.js';
import { shownUrl } from './shown-url.js';
import { showKey } from './yaml-document.js';
import type { YamlValue } from './yaml-document.js';

/** Value of a key that a reader took; a secret is redacted. */
type ReadValue = YamlValue | Secret | Section | ReadValue[] | ReadonlyMap<string, ReadValue>;

/** Returns the content of the file that a key names, as in `api_url_file`. */
export type ReadFile = (path: string, key: string) => string;

/** State shared by all readers of one file. */
export interface Reading {
  /** Problems found so far, one line each, with the path and never a value. */
  readonly problems: string[];
  /** Keys of Alertmanager that have no effect here, one line each. */
  readonly warnings: string[];
  /** Paths of the lists and maps of secrets in the text itself. */
  readonly secretLists: string[];
  /** Returns the content of the file that a `*_file` key names. */
  readonly readFile: ReadFile;
  readonly environment: EnvironmentVariables;
  /** Whether a secret in the text itself is a problem. */
  readonly hasSecretsInFiles?: boolean | undefined;
}

/** Environment variables of a process. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

const flags = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['no', false],
  ['off', false],
]);

/** Reason for which a template is refused or ignored. */
export const templated = ' (templates: Tidewaiter renders the message itself)';

/** Reason for which a key with message text is ignored. */
export const rendered = ' (Tidewaiter renders the message itself)';

/** Longest delay of a Node timer. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Map in the file. Readers take their keys from it; `finish` reports every key that no reader took.
 * An empty value counts as absent, as in Alertmanager.
 */
export class Section {
  readonly #taken = new Set<string>();
  /** Values that readers know, of which a redacted copy is made. */
  readonly #read = new Map<string, ReadValue>();

  constructor(
    private readonly entries: ReadonlyMap<string, YamlValue>,
    /** Path in the file: `route.routes[2]`; empty for the root. */
    readonly path: string,
    private readonly reading: Reading,
  ) {}

  has(key: string): boolean {
    return (this.entries.get(key) ?? '') !== '';
  }

  /** Text that is sent unchanged. A template is refused, as Alertmanager would expand it. */
  text(key: string): string | undefined {
    const text = this.scalar(key);
    if (!text?.includes('{{')) return text;
    this.unsupported(key, templated);
    return undefined;
  }

  /** Optional text of a message: a template is ignored with a warning, where `text` refuses it. */
  wording(key: string): string | undefined {
    const text = this.scalar(key);
    if (!text?.includes('{{')) return text;
    this.ignored(key, templated);
    return undefined;
  }

  scalar(key: string): string | undefined {
    const value = this.#take(key);
    if (value === undefined) return undefined;
    if (typeof value === 'string') return this.#reads(key, value);
    this.problem(key, 'expected a text');
    return undefined;
  }

  flag(key: string): boolean | undefined {
    const text = this.scalar(key);
    if (text === undefined) return undefined;
    const flag = flags.get(text.toLowerCase());
    if (flag === undefined) this.problem(key, 'expected true or false');
    return flag;
  }

  /** A whole number, not negative. */
  count(key: string): number | undefined {
    const text = this.scalar(key);
    if (text === undefined) return undefined;
    if (/^\d{1,9}$/.test(text)) return Number(text);
    this.problem(key, 'expected a whole number');
    return undefined;
  }

  durationMs(key: string): number | undefined {
    const text = this.scalar(key);
    if (text === undefined) return undefined;
    return this.attempt(key, () => parseDuration(text));
  }

  /** Timeout; 0 when the file gives none. Values above the range of a timer are cut to it. */
  timeoutMs(key: string): number {
    return Math.min(this.durationMs(key) ?? 0, maxTimerMs);
  }

  /** An http or https URL, which is shown without the parts that may grant access. */
  url(key: string): string | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    this.#reads(key, shownUrl(text));
    const problem = urlProblem(text);
    if (problem === undefined) return text;
    this.problem(key, problem);
    return undefined;
  }

  /**
   * Reads the secret under `key`, or in the file that `<key>_file` names. White space around a
   * file's text is not part of the secret.
   */
  secret(key: string): Secret | undefined {
    const inline = this.scalar(key);
    const file = this.scalar(`${key}_file`);
    if (inline !== undefined && file !== undefined) this.problem(key, `and ${key}_file are both given; keep one`);
    if (inline !== undefined && this.reading.hasSecretsInFiles)
      this.problem(key, `is a secret: name a file as ${key}_file`);
    if (inline !== undefined) return this.#reads(key, new Secret(inline));
    const text = file === undefined ? undefined : this.#file(`${key}_file`, file)?.trim();
    if (text === '') this.problem(`${key}_file`, 'the file is empty');
    return text ? new Secret(text) : undefined;
  }

  /** Secret that becomes part of a header, where a line break would start the next header. */
  headerSecret(key: string): Secret | undefined {
    const secret = this.secret(key);
    if (!secret || /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(secret.reveal())) return secret;
    this.problem(key, 'has characters that a header cannot carry');
    return undefined;
  }

  secretUrl(key: string): Secret | undefined {
    const secret = this.secret(key);
    const problem = secret && urlProblem(secret.reveal());
    if (problem === undefined) return secret;
    this.problem(key, problem);
    return undefined;
  }

  /** Environment variable of the notifier. */
  environment(name: string): string | undefined {
    return this.reading.environment[name];
  }

  /** Keys of a map with user-defined keys. */
  names(): string[] {
    return [...this.entries.keys()];
  }

  /** Contents of the files that the key lists, trimmed. */
  files(key: string): string[] {
    return (this.texts(key) ?? []).flatMap((path) => this.#file(key, path)?.trim() ?? []);
  }

  /** Content of the file that the key names. */
  file(key: string): string | undefined {
    const path = this.scalar(key);
    return path === undefined ? undefined : this.#file(key, path);
  }

  isList(key: string): boolean {
    return Array.isArray(this.entries.get(key));
  }

  isMap(key: string): boolean {
    return this.entries.get(key) instanceof Map;
  }

  /** Value of any type, for a reader that passes it on unchanged. */
  value(key: string): Exclude<YamlValue, null> | undefined {
    const value = this.#take(key);
    return value && this.#reads(key, value);
  }

  /** Whether the key is there, for a reader that has no use for its value. */
  skip(key: string): boolean {
    return this.#take(key) !== undefined;
  }

  section(key: string): Section | undefined {
    const value = this.#take(key);
    const section = value === undefined ? undefined : this.#asSection(value, this.at(key));
    return section && this.#reads(key, section);
  }

  /** Like `section`, but returns an empty one where the key is absent. */
  sectionOrEmpty(key: string): Section {
    return this.section(key) ?? new Section(new Map(), this.at(key), this.reading);
  }

  sections(key: string): Section[] {
    const items = this.#list(key);
    const sections = items.flatMap((item, index) => this.#asSection(item, `${this.at(key)}[${index}]`) ?? []);
    return this.#reads(key, sections);
  }

  /** Undefined when the key is absent; an empty list stays a list. */
  texts(key: string): string[] | undefined {
    if (!this.has(key)) return undefined;
    const texts = this.#list(key).flatMap((item, index) => {
      if (typeof item === 'string') return item;
      this.problem(`${key}[${index}]`, 'expected a text');
      return [];
    });
    return this.#reads(key, texts);
  }

  /** List of secrets, which has no key for a file. */
  secretTexts(key: string): string[] {
    const texts = this.texts(key) ?? [];
    if (texts.length > 0) this.withhold(key);
    return texts;
  }

  /** Entries of a map with user-defined keys. An empty text is a value here. */
  pairs(key: string): [name: string, value: string][] {
    const value = this.#take(key);
    if (value === undefined) return [];
    if (!(value instanceof Map)) {
      this.problem(key, 'expected a map');
      return [];
    }
    const pairs = [...value].flatMap(([name, item]): [string, string][] => {
      if (typeof item === 'string') return [[name, item]];
      this.problem(key, `expected a text under ${showKey(name)}`);
      return [];
    });
    this.#reads(key, new Map(pairs));
    return pairs;
  }

  /**
   * Like `pairs`, for texts that are sent unchanged; texts with a template are ignored with a
   * warning.
   */
  plainPairs(key: string): [name: string, value: string][] {
    return this.pairs(key).filter(([name, value]) => {
      if (!value.includes('{{')) return true;
      this.ignored(key, ` under ${showKey(name)}${templated}`);
      return false;
    });
  }

  /** Runs a reader and records the message of a thrown `InvalidInput` as a problem of the key. */
  attempt<T>(key: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      this.problem(key, error.message);
      return undefined;
    }
  }

  problem(key: string, message: string): void {
    this.reading.problems.push(`${this.at(key)}: ${message}`);
  }

  /**
   * Refuses a key of Alertmanager that Tidewaiter cannot ignore: without it, messages would go to
   * another target or under another identity.
   */
  unsupported(key: string, why: string): void {
    this.reading.problems.push(`not supported: ${this.at(key)}${why}`);
  }

  /** Calls {@link unsupported} for each of `keys` that is present. */
  refuse(keys: readonly string[], why = ''): void {
    for (const key of keys) {
      if (this.#take(key) !== undefined) this.unsupported(key, why);
    }
  }

  /**
   * Warns about a key of Alertmanager that has no effect here. Never use it for a key that decides
   * who receives a message.
   */
  ignored(key: string, why: string): void {
    this.reading.warnings.push(`ignored: ${this.at(key)}${why}`);
  }

  /**
   * Reports the keys that no reader took: `ignored` lists keys of Alertmanager without effect, all
   * others are errors.
   */
  finish(ignored: readonly string[] = [], why = ''): void {
    for (const key of this.entries.keys()) {
      if (this.#taken.has(key)) continue;
      if (ignored.includes(key)) this.ignored(key, why);
      else this.reading.problems.push(`unknown key: ${this.at(key)}`);
    }
  }

  /** Redacts a key with secrets that has no twin for a file. */
  withhold(key: string): void {
    this.reading.secretLists.push(this.at(key));
    this.redact(key);
  }

  /** Redacts a key whose value became a secret, or part of one: each text of a list or map. */
  redact(key: string): void {
    const value = this.#read.get(key);
    if (value !== undefined) this.#read.set(key, hidden(value));
  }

  /**
   * The keys that readers took, in the order of the file, with their secrets redacted. Other keys
   * are left out: a reader alone knows what is a secret.
   */
  redacted(): Map<string, unknown> {
    const read = [...this.entries.keys()].filter((key) => this.#read.has(key));
    return new Map(read.map((key) => [key, redacted(this.#read.get(key))]));
  }

  at(key: string): string {
    const shown = showKey(key);
    if (shown.startsWith('"')) return `${this.path}[${shown}]`;
    return this.path ? `${this.path}.${shown}` : shown;
  }

  #take(key: string): Exclude<YamlValue, null> | undefined {
    this.#taken.add(key);
    return this.has(key) ? (this.entries.get(key) ?? undefined) : undefined;
  }

  #reads<T extends ReadValue>(key: string, value: T): T {
    this.#read.set(key, value);
    return value;
  }

  #list(key: string): YamlValue[] {
    const value = this.#take(key);
    if (value === undefined || Array.isArray(value)) return value ?? [];
    this.problem(key, 'expected a list');
    return [];
  }

  #asSection(value: YamlValue, path: string): Section | undefined {
    if (value instanceof Map) return new Section(value, path, this.reading);
    this.reading.problems.push(`${path}: expected a map`);
    return undefined;
  }

  #file(key: string, path: string): string | undefined {
    try {
      return this.reading.readFile(path, key);
    } catch {
      // Include neither the path nor the system's message: both may come from a mistyped secret.
      this.problem(key, 'the file cannot be read');
      return undefined;
    }
  }
}

function redacted(value: ReadValue | undefined): unknown {
  if (value instanceof Section) return value.redacted();
  if (value instanceof Secret) return String(value);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, redacted(item)]));
  return Array.isArray(value) ? value.map(redacted) : value;
}

function hidden(value: ReadValue): ReadValue {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, hidden(item)]));
  return Array.isArray(value) ? value.map(hidden) : new Secret('');
}

/** Returns the problem of a URL for outgoing requests; undefined when it is valid. */
function urlProblem(text: string): string | undefined {
  if (text.includes('{{') || !/^https?:\/\//i.test(text) || !URL.canParse(text))
    return 'expected an http or https URL without templates';
  const { username, password } = new URL(text);
  // Credentials in a URL end up in logs, so such a URL is refused.
  return username || password ? 'user and password do not belong in a URL; use http_config.basic_auth' : undefined;
}
