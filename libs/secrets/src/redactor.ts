import { imageConfigTraits } from './file-traits.js';
import { fingerprintOf, maskOf } from './mask.js';
import { searchBytes } from './matcher.js';
import { findMarkedSecrets } from './redaction-patterns.js';

/** Secret of a text: as written, and with a mask for display. */
export interface TextSecret {
  /** Value as written in the text. It stays in memory. */
  written: string;
  /** Rule that matches its form, or `marked-secret` if its flag, header or name marks it. */
  rule: string;
  masked: string;
  /**
   * Text to fingerprint: the password if `written` is Base64 of a name and a password. One
   * character per byte.
   */
  value: string;
}

/**
 * Finds the secrets of a text, and reports whether all of it was searched: a hostile text has more
 * places than the limit.
 */
export function secretsInText(text: string): { secrets: TextSecret[]; isComplete: boolean } {
  const content = Buffer.from(text);
  const { found, damage } = searchBytes(content, imageConfigTraits);
  const marked = findMarkedSecrets(content);
  const byText = new Map<string, TextSecret>();
  const add = (start: number, end: number, rule: string, value?: string, shown?: string) => {
    const written = content.toString('utf8', start, end);
    if (written === '' || byText.has(written)) return;
    const asWritten = content.toString('latin1', start, end);
    byText.set(written, { written, rule, masked: shown ?? maskOf(asWritten), value: value ?? asWritten });
  };
  for (const { start, end, rule, value, shown } of found) add(start, end, rule.id, value, shown);
  for (const { start, end, value } of marked.found) add(start, end, 'marked-secret', value);
  return { secrets: withoutParts([...byText.values()]), isComplete: damage === undefined && marked.isComplete };
}

/** Longest first: a secret inside another one is masked with it. */
function withoutParts(secrets: readonly TextSecret[]): TextSecret[] {
  return secrets.toSorted((a, b) => b.written.length - a.written.length);
}

/** Shorter values occur in other words by chance: they are masked only where they were found. */
const shortest = 6;

/** Replaces secrets in the text by masks. */
export function withMasks(text: string, secrets: readonly TextSecret[]): string {
  let safe = text;
  for (const { written, masked } of secrets) {
    if (written.length < shortest && safe !== written) safe = maskWords(safe, written, masked);
    else if (safe.includes(written)) safe = safe.replaceAll(written, () => masked);
  }
  return safe;
}

/** Masks whole words only, also one right after a short option: `-pabc1`. */
function maskWords(text: string, written: string, masked: string): string {
  const word = new RegExp(`(?<=^|[^A-Za-z0-9_/.]|-[A-Za-z])${escaped(written)}(?![A-Za-z0-9_/])`, 'g');
  return text.replace(word, () => masked);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** Fingerprint under the key of an installation, equal to that of the same secret in images. */
export function secretFingerprint({ value }: Pick<TextSecret, 'value'>, key: Uint8Array): string {
  return fingerprintOf(value, key);
}

/** Masks each secret of the text; cuts the part that is too long to search. */
export function redactSecrets(text: string): string {
  const searched = text.length > maxTextChars ? `${text.slice(0, maxTextChars)}…` : text;
  const decoded = percentEncoded.test(searched) ? decodedWords(searched) : searched;
  const { secrets, isComplete } = secretsInText(decoded === searched ? searched : `${searched}\n${decoded}`);
  if (!isComplete) return '[not searched for secrets: too many places to look at]';
  return decoded === searched ? withMasks(searched, secrets) : withMasksInWords(withMasks(searched, secrets), secrets);
}

const percentEncoded = /%[0-9A-Fa-f]{2}/;
/** Word of a URL. */
const word = /[^\s"'<>\\]+/g;

function decodedWords(text: string): string {
  return text.replace(word, (part) => decodedWord(part) ?? part);
}

function decodedWord(part: string): string | null {
  if (!percentEncoded.test(part)) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    // Not every percent encoding is UTF-8: then a byte is a character.
    return part.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

/** Masks percent-encoded values as well, for any choice of encoded characters. */
function withMasksInWords(text: string, secrets: readonly TextSecret[]): string {
  return text.replace(word, (part) => {
    const decoded = decodedWord(part);
    if (decoded === null) return part;
    const safe = withMasks(decoded, secrets);
    return safe === decoded ? part : encodeURI(safe.toWellFormed());
  });
}

const maxTextChars = 256 * 1024;

/**
 * Returns the message of an error without secrets: parsers, servers and clients quote their input.
 */
export function redactedReason(error: unknown): string {
  return redactSecrets(error instanceof Error ? error.message : String(error));
}
