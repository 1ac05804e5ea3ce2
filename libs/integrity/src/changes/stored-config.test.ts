import type { ImageConfig } from '@tidewaiter/oci';

import { isRoot, redactConfig } from './stored-config.js';

const config: ImageConfig = {
  platform: 'linux/amd64',
  diffIds: [],
  history: [{ createdBy: 'RUN TOKEN=hunter2 make', emptyLayer: false }, { emptyLayer: true }],
  user: 'app',
  env: ['TOKEN=hunter2'],
  entrypoint: ['/app', '--password', 'hunter2'],
  cmd: [],
  labels: { secret: 'hunter2', 'org.opencontainers.image.base.name': 'debian:12' },
  exposedPorts: ['80/tcp'],
  healthcheck: ['CMD', 'curl', 'http://admin:hunter2@localhost'],
  volumes: ['/data'],
};
const mask = (text: string) => text.replaceAll('hunter2', '*');

describe('redactConfig', () => {
  it('contains no value that may be a secret', () => {
    const kept = redactConfig(config, { mask, fingerprint: null });
    expect(JSON.stringify(kept)).not.toContain('hunter2');
    expect(kept).toEqual({
      settings: [
        { field: 'user', shown: 'app' },
        { field: 'entrypoint', shown: '/app with 2 arguments' },
        { field: 'cmd', shown: '' },
        { field: 'port 80/tcp', shown: 'exposed' },
        { field: 'volume /data', shown: 'declared' },
        { field: 'healthcheck', shown: 'set' },
        { field: 'env TOKEN', shown: 'set' },
        { field: 'label secret', shown: 'set' },
        { field: 'label org.opencontainers.image.base.name', shown: 'set' },
      ],
      steps: ['RUN TOKEN=* make'],
      stepHosts: [],
      commandHosts: [],
      base: { name: 'debian:12', digest: null },
      fingerprintedBy: null,
    });
  });

  it('is bounded for a large config', () => {
    const env = Array.from({ length: 5_000 }, (_, index) => `V${index}=${'x'.repeat(1_000)}`);
    const history = Array.from({ length: 5_000 }, () => ({ createdBy: 'RUN '.repeat(5_000), emptyLayer: false }));
    const kept = redactConfig({ ...config, env, history }, { mask, fingerprint: null });
    expect(kept.settings).toHaveLength(2_000);
    expect(kept.steps).toHaveLength(1_000);
    expect(kept.steps[0]).toHaveLength(500);
  });

  it.each([
    ['', true],
    ['root', true],
    ['0', true],
    ['0:0', true],
    ['root:app', true],
    ['app', false],
    ['1000', false],
    ['rooted', false],
    ['10', false],
  ])('decides whether user %j is root: %s', (user, expected) => {
    expect(isRoot(user)).toBe(expected);
  });
});
