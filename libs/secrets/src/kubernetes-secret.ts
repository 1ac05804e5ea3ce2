import { decodeBase64 } from './encoded-text.js';
import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const limits = { documentBytes: 32 * 1024, values: 50 };
const kind = /kind:[ \t]{1,8}['"]?secret['"]?[ \t]{0,80}\r?(?:\n|$)/iy;
const field = /^['"]?([\w.-]{1,253})['"]?:[ \t]{1,8}(.*)$/;
const encoded = /^['"]?([A-Za-z0-9+/]{6,}={0,2})['"]?$/;
const plain = /^(?:"([^"]{4,1000})"|'([^']{4,1000})'|([^\s"'|>{}[\]&*#!%@].{3,1000}))$/;
/** Names of values in a Secret that are not secret. */
const harmlessKey =
  /(?:user(?:_?name)?|host(?:name)?|port|database|name|e-?mail|region|bucket|endpoint|issuer|\.crt|namespace|type)$/i;

interface Line {
  /** Offset of its text, after indentation and the `- ` of a list. */
  start: number;
  text: string;
  indent: number;
  /** Whether it begins an item of a list. */
  isItem: boolean;
}

/**
 * Values of a Kubernetes Secret in YAML. @see
 * https://kubernetes.io/docs/concepts/configuration/secret/
 */
export function readKubernetesSecret({ text, start }: KeywordPlace): readonly Candidate[] {
  kind.lastIndex = start;
  if (!kind.test(text)) return nothing;
  const lines = linesAround(text, start);
  const at = lines.findIndex((line) => line.start === start);
  return at === -1 ? nothing : mappingAround(lines, at).flatMap(valueIn).slice(0, limits.values);
}

/** Lines of the document, up to the limit. */
function linesAround(text: string, at: number): Line[] {
  const from = Math.max(0, at - limits.documentBytes);
  const window = text.slice(from, at + limits.documentBytes);
  const documentStart = Math.max(0, window.lastIndexOf('\n---', at - from));
  const documentEnd = window.indexOf('\n---', at - from);
  let offset = from + documentStart;
  return window
    .slice(documentStart, documentEnd === -1 ? window.length : documentEnd)
    .split('\n')
    .map((line) => {
      const [space = '', item = ''] = /^[ \t]*(- )?/.exec(line) ?? [];
      const start = offset + space.length;
      offset += line.length + 1;
      return { start, text: line.slice(space.length).trimEnd(), indent: space.length, isItem: item !== '' };
    });
}

/** Values under `data` and `stringData` of the line's mapping, with their keys. */
function mappingAround(lines: readonly Line[], at: number): { key: string; value: Line; isEncoded: boolean }[] {
  const { indent } = lines[at]!;
  const isInside = (line: Line | undefined) => line !== undefined && (line.indent >= indent || line.text === '');
  let first = at;
  while (!(lines[first]!.isItem && lines[first]!.indent === indent) && isInside(lines[first - 1])) first -= 1;
  const found: { key: string; value: Line; isEncoded: boolean }[] = [];
  let section = '';
  let key = '';
  for (const line of lines.slice(first)) {
    if (!isInside(line) || (line.isItem && line.indent === indent && line.start > lines[at]!.start)) break;
    if (line.text === '' || line.text.startsWith('#')) continue;
    const [, name, written = line.text] = field.exec(line.text) ?? [];
    if (line.indent === indent) section = line.text;
    else if (section === 'data:' || section === 'stringData:') {
      key = name ?? key;
      const start = line.start + line.text.lastIndexOf(written);
      found.push({ key, value: { ...line, start, text: written }, isEncoded: section === 'data:' });
    }
  }
  return found;
}

function valueIn({ key, value, isEncoded }: { key: string; value: Line; isEncoded: boolean }): readonly Candidate[] {
  if (harmlessKey.test(key)) return nothing;
  const match = (isEncoded ? encoded : plain).exec(value.text);
  const written = match?.[1] ?? match?.[2] ?? match?.[3];
  if (written === undefined) return nothing;
  const start = value.start + value.text.indexOf(written);
  if (isEncoded) return decodedValue(written, start);
  // Lines of a file inside are searched like those of any other file.
  return /^(?:true|false|null)$|: |=/i.test(written) ? nothing : [{ start, end: start + written.length }];
}

// Certificates are public; a value that decodes to a template or to nothing is not reported.
function decodedValue(written: string, start: number): readonly Candidate[] {
  const decoded = decodeBase64(written);
  const value = decoded.replace(/\s{1,80}$/, '');
  if (written.length % 4 !== 0 || value.length < 6 || value.startsWith('-----BEGIN CERTIFICATE')) return nothing;
  return [{ start, end: start + written.length, value, decoded }];
}
