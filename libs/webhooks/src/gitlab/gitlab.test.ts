import { Secret } from '@tidewaiter/domain';

import { gitlab } from './gitlab.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const event = {
  id: 'e1',
  timestamp: '2026-01-02T03:04:05.678Z',
  action: 'push',
  target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository: 'shop/app', tag: '1.0' },
  request: { host: 'registry.example.com' },
  actor: { name: 'root', user_type: 'build', user: 'eyJhbGciOiJSUzI1NiJ9.secret.token' },
};
const request = { headers: { authorization: 'the-secret' }, body: Buffer.from(JSON.stringify({ events: [event] })) };

describe('gitlab', () => {
  it('reads the envelope, and leaves the token of the actor where it is', () => {
    const { events } = gitlab.parse(request);
    expect(events).toMatchObject([{ outcome: 'push', repository: 'shop/app', tag: '1.0', digest, actor: 'root' }]);
    expect(JSON.stringify(events)).not.toContain('eyJ');
  });

  it('takes the secret as GitLab sends it, without a scheme', () => {
    expect(gitlab.authenticate(request, new Secret('the-secret'))).toBe(true);
    expect(gitlab.authenticate(request, new Secret('another'))).toBe(false);
  });
});
