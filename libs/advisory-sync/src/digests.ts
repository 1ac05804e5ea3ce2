import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import { InvalidInput } from '@tidewaiter/domain';

interface ExpectedDigest {
  algorithm: 'md5' | 'sha256';
  base64: string;
}

/**
 * Verifies a file by the digests that its server sent.
 * @throws InvalidInput `FEED_DIGEST`
 */
export async function checkDigests(path: string, headers: Record<string, string>, isPartial: boolean): Promise<void> {
  for (const { algorithm, base64 } of expectedDigests(headers, isPartial)) {
    const hash = createHash(algorithm);
    await pipeline(createReadStream(path), hash);
    if (hash.digest('base64') === base64) continue;
    throw new InvalidInput('FEED_DIGEST', `its ${algorithm} is not the one that the server names`);
  }
}

/**
 * Google's storage sends the MD5 of the whole object, others use the header fields of RFC 9530 and
 * its predecessors, of which `content-…` covers only the bytes of this response.
 * @see https://cloud.google.com/storage/docs/xml-api/reference-headers#xgooghash
 * @see https://www.rfc-editor.org/rfc/rfc9530
 */
export function expectedDigests(headers: Record<string, string>, isPartial: boolean): ExpectedDigest[] {
  const ofWhole: [string, RegExp, ExpectedDigest['algorithm']][] = [
    ['x-goog-hash', /(?:^|[,\s])md5=([A-Za-z0-9+/]{22}==)/, 'md5'],
    ['repr-digest', /(?:^|[,\s])sha-256=:([A-Za-z0-9+/]{43}=):/, 'sha256'],
    ['digest', /(?:^|[,\s])sha-256=([A-Za-z0-9+/]{43}=)/i, 'sha256'],
  ];
  const ofAnswer: typeof ofWhole = [
    ['content-md5', /^([A-Za-z0-9+/]{22}==)$/, 'md5'],
    ['content-digest', /(?:^|[,\s])sha-256=:([A-Za-z0-9+/]{43}=):/, 'sha256'],
  ];
  return [...ofWhole, ...(isPartial ? [] : ofAnswer)].flatMap(([name, pattern, algorithm]) => {
    const base64 = pattern.exec(headers[name] ?? '')?.[1];
    return base64 === undefined ? [] : [{ algorithm, base64 }];
  });
}
