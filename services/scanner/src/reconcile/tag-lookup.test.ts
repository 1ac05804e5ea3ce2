import { type Digest, InvalidInput, LimitExceeded, NotFound, Unavailable } from '@tidewaiter/domain';

import type { Registries } from '../registries.js';
import { TagLookup } from './tag-lookup.js';

const digest: Digest = `sha256:${'a'.repeat(64)}`;
const manifest = { digest, mediaType: 'application/vnd.oci.image.manifest.v1+json', bytes: Buffer.from('{}') };
const signal = new AbortController().signal;

/** Lookup in a registry, with the requests that it makes. */
function lookup(manifestOfOrigin: () => Promise<typeof manifest>, hasMirrors = false) {
  const requests: string[] = [];
  const client = {
    hasMirrors,
    manifestOfOrigin: async (repository: string, tag: string) => {
      requests.push(`GET ${repository}:${tag}`);
      return manifestOfOrigin();
    },
    resolveOfOrigin: async (repository: string, tag: string) => {
      requests.push(`HEAD ${repository}:${tag}`);
      return { digest, mediaType: '', size: 2 };
    },
  };
  const tags = new TagLookup({ client: () => client } as unknown as Registries);
  return { requests, answer: tags.manifestOf('main', 'shop/app', '1', signal) };
}

describe('TagLookup.manifestOf', () => {
  it('asks once for the digest of a tag and its manifest', async () => {
    const { requests, answer } = lookup(async () => manifest);
    expect(await answer).toEqual({ digest, manifest });
    expect(requests).toEqual(['GET shop/app:1']);
  });

  it('leaves the manifest to a mirror', async () => {
    const { requests, answer } = lookup(async () => manifest, true);
    expect(await answer).toEqual({ digest });
    expect(requests).toEqual(['HEAD shop/app:1']);
  });

  it.each([
    ['is too large', new LimitExceeded('maxManifestBytes', 'too large')],
    ['is not what its header says', new InvalidInput('DIGEST_MISMATCH', 'another')],
  ])('returns the digest alone of a manifest that %s', async (_, error) => {
    const { requests, answer } = lookup(async () => Promise.reject(error));
    expect(await answer).toEqual({ digest });
    expect(requests).toEqual(['GET shop/app:1', 'HEAD shop/app:1']);
  });

  it('returns no digest for a tag that is gone', async () => {
    const { answer } = lookup(async () => Promise.reject(new NotFound('MANIFEST_UNKNOWN', 'gone')));
    expect(await answer).toEqual({ digest: null });
  });

  it('fails where the registry does', async () => {
    const { answer } = lookup(async () => Promise.reject(new Unavailable('REGISTRY_BUSY', 'later')));
    await expect(answer).rejects.toMatchObject({ code: 'REGISTRY_BUSY' });
  });
});
