import type { JsonObject, JsonValue, ObservedSecret } from '@tidewaiter/domain';
import { maskAccessKey, secretFingerprint, secretsInText, type TextSecret, withMasks } from '@tidewaiter/secrets';

import { isObject } from './json.js';

/** An event without its secrets, and what is known of them. */
export interface RedactedEvent {
  event: JsonObject;
  secrets: ObservedSecret[];
}

/** Texts of late, in two generations: when the younger is full, the older is forgotten. */
class RecentTexts {
  #young = new Set<string>();
  #old = new Set<string>();

  has(text: string): boolean {
    if (this.#young.has(text)) return true;
    if (!this.#old.has(text)) return false;
    this.add(text);
    return true;
  }

  add(text: string): void {
    if (text.length > maxRecentChars) return;
    if (this.#young.size >= maxRecentTexts) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(text);
  }
}

const maxRecentTexts = 8_192;
const maxRecentChars = 512;

/**
 * Limit for the output of a command, which can be a list of secrets; the first ones are enough to
 * find their source.
 */
const maxSecrets = 32;

/**
 * Masks the secrets of an event. All its texts are searched at once, each with the name that it
 * stands under and arguments with their program; what is found is masked in every text, since
 * sensors repeat command lines in several members.
 */
export function redactEvent(event: JsonObject, key: Uint8Array): RedactedEvent {
  const reader = new EventReader();
  reader.read(event, '');
  const { secrets: found, isComplete } = search(reader.lines);
  if (!isComplete) return redactSeparately(event, key);
  const secrets = [...reader.accessKeys, ...found];
  if (secrets.length === 0 && !reader.hasVariables) return { event, secrets: [] };
  return { event: masked(event, '', withVariants(secrets)) as JsonObject, secrets: observed(secrets, key) };
}

/**
 * Lines in which nothing was found of late: most of an event is the same as in the one before, and
 * searching is the dearest part of reading it.
 */
const withoutSecret = new RecentTexts();

function search(lines: readonly string[]): ReturnType<typeof secretsInText> {
  if (lines.length === 0) return { secrets: [], isComplete: true };
  const searched = secretsInText(lines.join('\n'));
  if (searched.isComplete && searched.secrets.length === 0) for (const line of lines) withoutSecret.add(line);
  return searched;
}

function observed(secrets: readonly TextSecret[], key: Uint8Array): ObservedSecret[] {
  const byFingerprint = new Map<string, ObservedSecret>();
  for (const secret of secrets) {
    if (byFingerprint.size === maxSecrets) break;
    const fingerprint = secretFingerprint(secret, key);
    if (byFingerprint.has(fingerprint)) continue;
    byFingerprint.set(fingerprint, { rule: secret.rule, masked: secret.masked, fingerprint });
  }
  return [...byFingerprint.values()];
}

/** A text of this length has fewer places than a search may try. */
const maxSeparateChars = 4_096;

/**
 * An event with more places to look at than one search may try: each text is searched alone, and
 * cut to what can be searched.
 */
function redactSeparately(event: JsonObject, key: Uint8Array): RedactedEvent {
  const all = new Map<string, TextSecret>();
  const redacted = mapTexts(event, '', (text) => {
    const cut = text.length > maxSeparateChars ? `${text.slice(0, maxSeparateChars)}…` : text;
    const { secrets } = secretsInText(cut);
    for (const secret of secrets) all.set(secret.written, secret);
    return withMasks(cut, secrets);
  });
  return { event: redacted as JsonObject, secrets: observed([...all.values()], key) };
}

/** Names under which a text is a secret, or holds one, by its name alone. */
const secretName =
  /(?:passw(?:or)?d|passphrase|pass|pwd|secret|token|key|credential|auth|authorization|session|signature|cookie|bearer|jwt)s?\d?$/i;
const headerName = /(?:authorization|cookie|token|key)$/i;
/** The program, and its arguments, where sensors keep them apart. */
const programNames = [
  'binary',
  'executable',
  'exe',
  'path',
  'pathname',
  'command',
  'entrypoint',
  'Entrypoint',
  'proc.exepath',
  'proc.name',
];
const argumentNames = ['arguments', 'args', 'argv', 'cmd', 'Cmd', 'proc.args', 'evt.args'];
const optionWithValue = /^--?[A-Za-z][\w.-]{0,60}$/;
const shortestSecret = 4;

/** Collects the texts of an event as lines, so that one search finds what is in any of them. */
class EventReader {
  #lines: string[] = [];
  readonly accessKeys: TextSecret[] = [];
  hasVariables = false;

  /** Lines that may hold a secret. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  #add(line: string): void {
    if (line.length >= shortestSecret && !withoutSecret.has(line)) this.#lines.push(line);
  }

  read(value: JsonValue, name: string): void {
    if (typeof value === 'string') this.#readText(value, name);
    else if (Array.isArray(value)) this.#readList(value, name);
    else if (typeof value === 'object' && value !== null) this.#readObject(value, name);
  }

  #readText(text: string, name: string): void {
    if (text.length < shortestSecret) return;
    if (isAccessKey(name, text)) {
      this.accessKeys.push(accessKey(text));
      return;
    }
    if (isSecretName(name)) this.#add(assignmentOf(name, text));
    this.#add(text);
    if (text.includes('%')) this.#add(decoded(text));
    if (text.includes('command=')) this.#add(execCommand(text));
  }

  #readList(items: readonly JsonValue[], name: string): void {
    const texts = items.filter((item) => typeof item === 'string');
    for (const item of items) this.read(item, name);
    if (texts.length < 2) return;
    this.#add(texts.join(' '));
    for (const [index, option] of texts.entries()) {
      const value = texts[index + 1];
      // A value of several words ends for a shell where its quotation marks do, which a list has
      // not.
      if (value?.includes(' ') && !value.startsWith('-') && optionWithValue.test(option) && isSecretName(option))
        this.#add(assignmentOf(option, value));
    }
  }

  #readObject(object: JsonObject, name: string): void {
    if (isVariables(name) || (typeof object['path'] === 'string' && variablePath.test(object['path'])))
      this.hasVariables = true;
    for (const member in object) {
      if (member.length >= 16) this.#add(member);
      this.read(object[member]!, member);
    }
    this.#readVariable(object);
    this.#readCommand(object);
  }

  /** `{ name, value }`, `{ key, value }` */
  #readVariable(object: JsonObject): void {
    const { value } = object;
    const name = object['name'] ?? object['key'] ?? object['path'];
    if (typeof value !== 'string' || typeof name !== 'string') return;
    this.#add(assignmentOf(name.slice(name.lastIndexOf('/') + 1), value));
  }

  #readCommand(object: JsonObject): void {
    const args = argumentNames.find((member) => object[member] !== undefined && object[member] !== null);
    if (args === undefined) return;
    const program = programNames.find((member) => object[member] !== undefined && object[member] !== null);
    if (program !== undefined) this.#add(`${wordsOf(object[program]!)} ${wordsOf(object[args]!)}`);
  }
}

const wordsOf = (value: JsonValue): string =>
  Array.isArray(value)
    ? value.filter((word) => typeof word === 'string').join(' ')
    : typeof value === 'string'
      ? value
      : '';

function assignmentOf(name: string, value: string): string {
  if (headerName.test(name) && value.includes(' ')) return `${name}: ${value}`;
  return /[\s"']/.test(value) && !value.includes('"') ? `${name}="${value}"` : `${name}=${value}`;
}

/** Members come by the same few names with every event: each is evaluated once. */
const evaluatedNames = new Map<string, boolean>();
const maxEvaluatedNames = 10_000;

function isSecretName(name: string): boolean {
  let known = evaluatedNames.get(name);
  if (known !== undefined) return known;
  if (evaluatedNames.size >= maxEvaluatedNames) evaluatedNames.clear();
  known = name.length <= 256 && secretName.test(name);
  evaluatedNames.set(name, known);
  return known;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Not everything with a percent sign is encoded.
    return '';
  }
}

/**
 * The command of an exec into a container, which the API server logs in the query of the request.
 */
function execCommand(uri: string): string {
  return new URLSearchParams(uri.slice(uri.indexOf('?') + 1)).getAll('command').join(' ');
}

const accessKey = (id: string): TextSecret => ({
  written: id,
  value: id,
  rule: 'aws-access-key-id',
  masked: maskAccessKey(id),
});

const isAccessKey = (name: string, text: string): boolean => name === 'accessKeyId' && /^[A-Z0-9]{9,128}$/.test(text);

/** As it may stand in other members: in a URL, in JSON within a text. */
function withVariants(secrets: readonly TextSecret[]): TextSecret[] {
  const variants = secrets.flatMap((secret) => variantsOf(secret.written).map((written) => ({ ...secret, written })));
  return variants.toSorted((a, b) => b.written.length - a.written.length);
}

function variantsOf(written: string): string[] {
  const inUrl = written.isWellFormed() ? encodeURIComponent(written) : written;
  return [...new Set([written, inUrl, JSON.stringify(written).slice(1, -1), decoded(written) || written])];
}

function masked(event: JsonValue, name: string, secrets: readonly TextSecret[]): JsonValue {
  return mapTexts(event, name, (text) => withMasks(text, secrets));
}

const cut = '[redacted]';

/** Path at which a JSON patch sets a variable of a container. */
const variablePath = /\/env(?:\/|$)/;

/** Variables of containers hold passwords more often than they should: of them the name is kept. */
const isVariables = (name: string): boolean => name === 'env';

function mapTexts(value: JsonValue, name: string, change: (text: string) => string): JsonValue {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, name, change));
  if (!isObject(value)) return value;
  const isPatch = typeof value['path'] === 'string' && variablePath.test(value['path']);
  const members = Object.entries(value).map(([member, inner]): [string, JsonValue] => {
    const safe = mapTexts(inner, isPatch && member === 'value' ? 'env' : member, change);
    const isVariable = member === 'value' && (isVariables(name) || isPatch) && typeof inner === 'string';
    return [change(member), isVariable && safe === inner ? cut : safe];
  });
  return Object.fromEntries(members);
}
