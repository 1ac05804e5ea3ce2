import { InvalidInput } from '@tidewaiter/domain';
import { field, isObject, parseJson } from '@tidewaiter/webhooks';

/** Documents in one body, at most. */
export const maxDocuments = 32;

/**
 * The documents of a body: one, or one on each line as `cosign attest` and slsa-github-generator
 * write them, or those that `gcloud artifacts docker images describe --show-provenance` shows.
 * @throws InvalidInput `BODY_NOT_JSON`, `BODY_TOO_DEEP`, `BODY_EMPTY` or `TOO_MANY_DOCUMENTS`
 */
export function splitDocuments(body: Buffer): Buffer[] {
  const documents = linesOf(body) ?? googleEnvelopes(body) ?? [body];
  if (documents.length > maxDocuments)
    throw new InvalidInput('TOO_MANY_DOCUMENTS', `The body holds more than ${maxDocuments} documents.`);
  return documents;
}

/** Null where the body is one document, which may have many lines, too. */
function linesOf(body: Buffer): Buffer[] | null {
  const first = body.indexOf(0x0a);
  if (first < 0 || isBlank(body.subarray(first)) || !isWhole(body.subarray(0, first))) return null;
  const lines: Buffer[] = [];
  for (let start = 0; start < body.length && lines.length <= maxDocuments;) {
    const end = body.indexOf(0x0a, start);
    const line = body.subarray(start, end < 0 ? body.length : end);
    if (!isBlank(line)) lines.push(line);
    start = end < 0 ? body.length : end + 1;
  }
  return lines;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

/** Whether a line is a document by itself. */
function isWhole(line: Buffer): boolean {
  try {
    return isObject(parseJson(line));
  } catch {
    return false;
  }
}

/** Its own JSON of a payload and signatures is as good as any: signatures cover the payload. */
function googleEnvelopes(body: Buffer): Buffer[] | null {
  // The word is looked for first: no other body is parsed twice.
  if (!body.includes('"provenance_summary"')) return null;
  const provenance = field(parseJson(body), 'provenance_summary', 'provenance');
  if (!Array.isArray(provenance)) return null;
  const envelopes = provenance.map((each) => field(each, 'envelope')).filter(isObject);
  if (envelopes.length === 0) throw new InvalidInput('BODY_EMPTY', 'The summary holds no envelopes.');
  return envelopes.map((envelope) => Buffer.from(JSON.stringify(envelope)));
}
