import { imageConfigTraits } from './file-traits.js';
import { fingerprintOf, maskOf } from './mask.js';
import { searchBytes } from './matcher.js';
import { findMarkedSecrets } from './redaction-patterns.js';

/** Secret of a text: as written there, and with a mask that may be shown. */
export interface TextSecret {
  /** Value as written in the text. It stays in memory. */
  written: string;
  /** Rule that recognizes its form, or `marked-secret` where its flag, header or name marks it. */
  rule: string;
  masked: string;
  /** Text to fingerprint: the password where `written` is Base64 of a name and a password. One character for a byte. */
  value: string;
}

/** The secrets of a text, and whether all of it was searched: a hostile text has more places than a search may try. */
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

/** The text with masks in place of secrets. */
export function withMasks(text: string, secrets: readonly TextSecret[]): string {
  let safe = text;
  for (const { written, masked } of secrets) {
    if (written.length < shortest && safe !== written) safe = maskWords(safe, written, masked);
    else if (safe.includes(written)) safe = safe.replaceAll(written, () => masked);
  }
  return safe;
}

/** Whole words alone, also one that begins right behind a short option: `-pabc1`. */
function maskWords(text: string, written: string, masked: string): string {
  const word = new RegExp(`(?<=^|[^A-Za-z0-9_/.]|-[A-Za-z])${escaped(written)}(?![A-Za-z0-9_/])`, 'g');
  return text.replace(word, () => masked);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** Fingerprints under the key of an installation, the same as those of secrets in images. */
export function secretFingerprint({ value }: Pick<TextSecret, 'value'>, key: Uint8Array): string {
  return fingerprintOf(value, key);
}

/** Masks each secret of the text; cuts the part that is too long to be searched. */
export function redactSecrets(text: string): string {
  const searched = text.length > maxTextChars ? `${text.slice(0, maxTextChars)}…` : text;
  const decoded = percentEncoded.test(searched) ? decodedWords(searched) : searched;
  const { secrets, isComplete } = secretsInText(decoded === searched ? searched : `${searched}\n${decoded}`);
  if (!isComplete) return '[not searched for secrets: too many places to look at]';
  return decoded === searched ? withMasks(searched, secrets) : withMasksInWords(withMasks(searched, secrets), secrets);
}

const percentEncoded = /%[0-9A-Fa-f]{2}/;
/** A word of a URL. */
const word = /[^\s"'<>\\]+/g;

function decodedWords(text: string): string {
  return text.replace(word, (part) => decodedWord(part) ?? part);
}

function decodedWord(part: string): string | null {
  if (!percentEncoded.test(part)) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    // Not everything with a percent sign is encoded as UTF-8: a byte is a character then.
    return part.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
}

/** Masks percent-encoded values as well, whichever characters their sender encodes. */
function withMasksInWords(text: string, secrets: readonly TextSecret[]): string {
  return text.replace(word, (part) => {
    const decoded = decodedWord(part);
    if (decoded === null) return part;
    const safe = withMasks(decoded, secrets);
    return safe === decoded ? part : encodeURI(safe.toWellFormed());
  });
}

const maxTextChars = 256 * 1024;

/** Returns the message of an error without secrets: parsers, servers and clients quote their input. */
export function redactedReason(error: unknown): string {
  return redactSecrets(error instanceof Error ? error.message : String(error));
}
