import { verdictOf } from '@tidewaiter/domain';

import { layerNotAnalyzed, type UnreadLayer } from './layer-not-analyzed.js';

const layer: UnreadLayer = {
  index: 2,
  digest: `sha256:${'a'.repeat(64)}`,
  diffId: `sha256:${'b'.repeat(64)}`,
  createdBy: 'COPY . /app',
  code: 'LIMIT_EXCEEDED',
  limit: 'maxEntries',
  reason: 'too many entries',
};

describe('layerNotAnalyzed', () => {
  it('names the layer, its build step, and the limit', () => {
    const { limit: _, ...unlimited } = layer;
    expect(layerNotAnalyzed(layer)).toMatchObject({
      kind: 'integrity',
      id: 'layer-not-analyzed',
      severity: 'high',
      title: 'Layer 2 could not be analyzed: LIMIT_EXCEEDED (maxEntries)',
      layer: 2,
      state: 'present',
      evidence: { digest: layer.digest, diffId: layer.diffId, createdBy: 'COPY . /app', reason: 'too many entries' },
    });
    expect(layerNotAnalyzed({ ...unlimited, limit: null, code: 'BLOB_UNKNOWN' }).title).toBe(
      'Layer 2 could not be analyzed: BLOB_UNKNOWN',
    );
  });

  it('has the same fingerprint for any reason and another one for another blob', () => {
    const { fingerprint } = layerNotAnalyzed(layer);
    expect(layerNotAnalyzed({ ...layer, code: 'BLOB_UNKNOWN', index: 5 }).fingerprint).toBe(fingerprint);
    expect(layerNotAnalyzed({ ...layer, digest: `sha256:${'c'.repeat(64)}` }).fingerprint).not.toBe(fingerprint);
  });

  it.each([
    ['high', 'fail'],
    ['critical', 'unknown'],
    [null, 'unknown'],
  ] as const)('prevents a pass at threshold %s: %s', (threshold, result) => {
    expect(verdictOf([layerNotAnalyzed(layer)], [], { threshold }).result).toBe(result);
  });
});
