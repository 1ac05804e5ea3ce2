import { InvalidInput } from '@tidewaiter/domain';

import { childOf, xmlElements } from '../xml.js';

/** Place of the advisories of a repository, from its root. */
export interface UpdateinfoPlace {
  href: string;
  sha256: string;
}

/**
 * Reads where a repository has its advisories, in its `repomd.xml`; undefined if it has none.
 * @throws InvalidInput `FEED_INDEX`, `XML_INVALID`
 */
export async function readUpdateinfoPlace(text: string): Promise<UpdateinfoPlace | undefined> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  }
  for await (const data of xmlElements(bytes(), new Set(['data']))) {
    if (data.attributes.get('type') !== 'updateinfo') continue;
    const href = childOf(data, 'location')?.attributes.get('href') ?? '';
    const checksum = childOf(data, 'checksum');
    const isUsable =
      checksum?.attributes.get('type') === 'sha256' &&
      /^[0-9a-f]{64}$/.test(checksum.text) &&
      /^[\w][\w.+/-]{0,400}$/.test(href) &&
      !href.includes('..');
    if (!isUsable) throw new InvalidInput('FEED_INDEX', 'repomd.xml without place or sha256 of its updateinfo');
    return { href, sha256: checksum.text };
  }
  return undefined;
}
