import { nothing } from './secret-rule.js';
import type { Candidate, Place } from './secret-rule.js';

const limits = { documentBytes: 32 * 1024, values: 50 };
const kind = /kind:[ \t]{1,8}['"]?secret['"]?[ \t]{0,80}\r?(?:\n|$)/iy;
const entry = /^[ \t]{1,16}['"]?[\w.-]{1,253}['"]?:[ \t]{1,8}(.*)$/;
const encoded = /^['"]?([A-Za-z0-9+/]{10,}={0,2})['"]?[ \t]{0,20}$/;

/** The values of a Secret of Kubernetes in YAML. @see https://kubernetes.io/docs/concepts/configuration/secret/ */
export function readKubernetesSecret({ text, start }: Place): readonly Candidate[] {
  kind.lastIndex = start;
  // At the start of a line: a kind further in is one that a template or a list names.
  if ((start > 0 && text[start - 1] !== '\n') || !kind.test(text)) return nothing;
  const from = Math.max(0, start - limits.documentBytes);
  const window = text.slice(from, start + limits.documentBytes);
  const before = window.lastIndexOf('\n---', start - from);
  const after = window.indexOf('\n---', start - from);
  const documentStart = Math.max(before, 0);
  const document = window.slice(documentStart, after === -1 ? window.length : after);
  const data = /^data:[ \t]{0,80}\r?$/m.exec(document);
  return data === null ? nothing : valuesUnder(document, data.index + data[0].length + 1, from + documentStart);
}

function valuesUnder(document: string, dataStart: number, offset: number): readonly Candidate[] {
  const found: Candidate[] = [];
  let at = dataStart;
  while (at < document.length && found.length < limits.values) {
    const lineEnd = document.indexOf('\n', at);
    const end = lineEnd === -1 ? document.length : lineEnd;
    const line = document.slice(at, end);
    // The next key of the top level ends the data.
    if (/^[^\s#]/.test(line)) break;
    const value = encoded.exec(entry.exec(line)?.[1] ?? line.trim())?.[1];
    if (value !== undefined && isOpaque(value)) {
      const from = offset + at + line.indexOf(value);
      found.push({ start: from, end: from + value.length });
    }
    at = end + 1;
  }
  return found;
}

// Certificates are public; what decodes to a template or to nothing is no value.
function isOpaque(value: string): boolean {
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  return value.length % 4 === 0 && decoded.length >= 7 && !decoded.startsWith('-----BEGIN CERTIFICATE');
}
