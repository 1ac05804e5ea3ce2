import { createHash } from 'node:crypto';

import type { Digest } from '@tidewaiter/domain';

import { hardenedLayers } from './hardened-base.js';

const digestOf = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const [first, second, third] = [digestOf('a'), digestOf('b'), digestOf('c')];
const diffIds = [first, second, third];
const labelled = (chain: string) => ({ 'com.docker.dhi.chain-id': chain });

describe('hardenedLayers', () => {
  it.each([
    ['the lowest layer', first, 1],
    ['two layers', digestOf(`${first} ${second}`), 2],
    ['the whole image', digestOf(`${digestOf(`${first} ${second}`)} ${third}`), 3],
    ['another base', third, 0],
    ['no digest', '', 0],
  ])('counts %s', (_what, chain, layers) => {
    expect(hardenedLayers({ labels: labelled(chain), diffIds })).toBe(layers);
  });

  it('counts none without the label', () => {
    expect(hardenedLayers({ labels: {}, diffIds })).toBe(0);
  });
});
