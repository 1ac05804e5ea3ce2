import { createHmac } from 'node:crypto';

import { InvalidInput, Secret } from '@tidewaiter/domain';

import { jfrog } from './jfrog.js';

const sha256 = 'ab'.repeat(32);
const payload = {
  domain: 'docker',
  event_type: 'pushed',
  data: { repo_key: 'docker-local', path: 'shop/app/1.0/manifest.json', image_name: 'app', tag: '1.0', sha256 },
  jpd_origin: 'https://artifacts.example.com',
  source: 'jfrog/ci',
};
const parse = (body: unknown) => jfrog.parse({ headers: {}, body: Buffer.from(JSON.stringify(body)) });

describe('jfrog', () => {
  it('reads a push by the path of its manifest, since image_name may be cut', () => {
    expect(parse(payload).events).toMatchObject([
      {
        outcome: 'push',
        registry: 'artifacts.example.com',
        repository: 'docker-local/shop/app',
        tag: '1.0',
        digest: `sha256:${sha256}`,
        actor: 'jfrog/ci',
      },
    ]);
  });

  it.each([
    [{ event_type: 'promoted' }, { events: [{ outcome: 'push' }] }],
    [{ event_type: 'deleted' }, { events: [{ outcome: 'delete' }] }],
    [{ domain: 'build' }, { events: [], ignored: { ignore: 1 } }],
    [{ event_type: 'moved' }, { events: [], ignored: { ignore: 1 } }],
    [{ data: {} }, { events: [], ignored: { malformed: 1 } }],
  ])('reads %j', (more, expected) => {
    expect(parse({ ...payload, ...more })).toMatchObject(expected);
  });

  const file = (event_type: string, path: string, more = {}) => ({
    ...{ domain: 'artifact', event_type, jpd_origin: 'https://artifacts.example.com' },
    data: { repo_key: 'docker-local', path, name: path.split('/').at(-1), sha256, size: 7, ...more },
  });
  const target = { target_repo_path: 'docker-prod/shop/app/2.0/manifest.json' };
  it.each([
    [
      file('deployed', 'shop/app/1.0/manifest.json'),
      { outcome: 'push', repository: 'docker-local/shop/app', tag: '1.0' },
    ],
    [file('cached', 'app/1.0/list.manifest.json'), { outcome: 'push', repository: 'docker-local/app', tag: '1.0' }],
    [
      file('copied', 'app/1.0/manifest.json', target),
      { outcome: 'push', repository: 'docker-prod/shop/app', tag: '2.0' },
    ],
    [
      file('moved', 'app/1.0/manifest.json', target),
      { outcome: 'push', repository: 'docker-prod/shop/app', tag: '2.0' },
    ],
    [file('deleted', 'app/1.0/manifest.json'), { outcome: 'delete', repository: 'docker-local/app', tag: '1.0' }],
    [
      file('deployed', `app/sha256__${sha256}/manifest.json`),
      { outcome: 'push', repository: 'docker-local/app', tag: null },
    ],
    [
      file('deployed', `app/sha256:${sha256}/manifest.json`),
      { outcome: 'push', repository: 'docker-local/app', tag: null },
    ],
  ])('reads a manifest that is handled as a file: %j', (body, event) => {
    expect(parse(body).events).toMatchObject([{ ...event, digest: `sha256:${sha256}` }]);
  });

  it('ignores files other than manifests', () => {
    expect(parse(file('deployed', 'app/1.0/sha256__ab'))).toMatchObject({ events: [], ignored: { ignore: 1 } });
  });

  it('refuses what is no webhook of Artifactory', () => {
    expect(() => parse({ action: 'push' })).toThrow(InvalidInput);
  });

  it('takes a signature made with the secret, and the secret itself', () => {
    const body = Buffer.from(JSON.stringify(payload));
    const secret = new Secret('s3cret');
    const signature = createHmac('sha256', 's3cret').update(body).digest('hex');
    const isKnown = (proof: string) => jfrog.authenticate({ headers: { 'x-jfrog-event-auth': proof }, body }, secret);
    expect(['s3cret', signature, 'other', '', signature.slice(2)].map(isKnown)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
