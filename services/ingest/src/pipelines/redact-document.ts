import { redactSecrets } from '@tidewaiter/secrets';
import { field, parseJson } from '@tidewaiter/webhooks';

/**
 * Characters of a document that are searched at once: one search looks at a bounded number of
 * places.
 */
const partChars = 16 * 1024;

/**
 * A document without secrets: provenance quotes build arguments, an SBOM the URLs that packages
 * came from. Of an envelope the payload alone is searched, since the rest is signatures and
 * certificates. A masked payload no longer fits its signature, so that a verifier finds it
 * unsigned.
 */
export function redactDocument(content: Buffer): Buffer {
  const text = content.toString('utf8');
  const payload = payloadOf(content);
  const safe = payload === null ? withoutSecrets(text) : withSafePayload(text, payload);
  return safe === text ? content : Buffer.from(safe);
}

function payloadOf(content: Buffer): string | null {
  const document = parseJson(content);
  const payload = field(document, 'payload') ?? field(document, 'dsseEnvelope', 'payload');
  return typeof payload === 'string' ? payload : null;
}

function withSafePayload(text: string, payload: string): string {
  const inner = Buffer.from(payload, 'base64').toString('utf8');
  const safe = withoutSecrets(inner);
  return safe === inner ? text : text.replaceAll(payload, Buffer.from(safe).toString('base64'));
}

/** The text of a JSON document; a mask never ends in half of an escape. */
function withoutSecrets(text: string): string {
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    const end = endOfPart(text, start);
    parts.push(redactSecrets(text.slice(start, end)));
    start = end;
  }
  return parts.join('').replaceAll(/\\(?=\*{3})/g, '');
}

/** Behind a member or element where there is one, so that no value is cut. */
function endOfPart(text: string, start: number): number {
  if (text.length - start <= partChars) return text.length;
  const comma = text.lastIndexOf('",', start + partChars);
  return comma > start ? comma + 2 : start + partChars;
}
