import { splitAwaited } from './awaited-signature.js';
import { supplyChainFinding } from './supply-chain-finding.js';

const finding = (id: string) => supplyChainFinding({ id, severity: 'high', title: id, evidence: {} }, 'shop/app');
const idsOf = (ids: string[], isInGrace: boolean) => {
  const { announced, awaited } = splitAwaited(ids.map(finding), isInGrace);
  return { announced: announced.map(({ id }) => id), awaited: awaited.map(({ id }) => id) };
};

describe('splitAwaited', () => {
  it('defers only findings that a signature would resolve', () => {
    expect(idsOf(['image-unsigned', 'identity-missing', 'identity-changed'], true)).toEqual({
      announced: ['identity-changed'],
      awaited: ['image-unsigned', 'identity-missing'],
    });
  });

  it('announces everything after the grace period', () => {
    expect(idsOf(['image-unsigned'], false)).toEqual({ announced: ['image-unsigned'], awaited: [] });
  });

  it.each(['release-tag-moved', 'release-tag-differs', 'same-revision-different-content'])(
    'announces a missing signature at once beside %s',
    (urgent) => {
      expect(idsOf(['image-unsigned', urgent], true).awaited).toEqual([]);
    },
  );
});
