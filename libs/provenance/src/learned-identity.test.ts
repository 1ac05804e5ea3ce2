import * as fc from 'fast-check';

import { identityFindings, type EvaluatedTag } from './identity-findings.js';
import { type EarlierIdentity, identityDeviations, type PushIdentity, usualPushes } from './learned-identity.js';
import type { PresentedIdentity } from './presented-identity.js';

const nothing: PresentedIdentity = {
  signature: false,
  provenance: false,
  verifiedSigners: [],
  claimedSigners: [],
  builders: [],
  sources: [],
  isVerifiable: false,
  isComplete: true,
};
const signed: PresentedIdentity = { ...nothing, signature: true };
const built: PresentedIdentity = {
  ...signed,
  provenance: true,
  claimedSigners: ['URI:https://ci/release.yml'],
  builders: ['https://ci'],
  sources: ['https://git/app'],
};
const verified: PresentedIdentity = { ...signed, verifiedSigners: ['sha256:key'], isVerifiable: true };

const by = (pusher: string | null, ...images: PresentedIdentity[]): PushIdentity => ({
  images,
  pusher,
  pipeline: null,
});
const usual = (identity: PushIdentity, count = 5): EarlierIdentity[] =>
  Array.from({ length: count }, (_, index) => ({
    digest: `d${index}`,
    tag: `1.${index}`,
    identity,
    isDeviating: false,
  }));
const short = (now: PushIdentity, before: readonly EarlierIdentity[]) =>
  identityDeviations(now, before).map(({ kind, what }) => `${what} ${kind}`);

describe('learned identity', () => {
  describe('identityDeviations', () => {
    it.each<[string, PushIdentity, PushIdentity, string[]]>([
      ['the same again', by('ci', built), by('ci', built), []],
      [
        'an unsigned push of another account',
        by('ci', signed),
        by('mallory', nothing),
        ['signature missing', 'pusher changed'],
      ],
      ['a push without provenance', by('ci', built), by('ci', signed), ['provenance missing']],
      [
        'another signer, as the certificate says',
        by('ci', built),
        by('ci', { ...built, claimedSigners: ['URI:x'] }),
        ['signer changed'],
      ],
      [
        'a signature by another key than the verified one',
        by('ci', verified),
        by('ci', { ...verified, verifiedSigners: [] }),
        ['signer changed'],
      ],
      [
        'another key, of which only what it may be is known',
        by('ci', { ...signed, claimedSigners: ['key a', 'key b'] }),
        by('ci', { ...signed, claimedSigners: ['key c', 'key d'] }),
        ['signer changed'],
      ],
      [
        'the same key, of which only what it may be is known',
        by('ci', { ...signed, claimedSigners: ['key a', 'key b'] }),
        by('ci', { ...signed, claimedSigners: ['key b', 'key c'] }),
        [],
      ],
      ['signers that are configured only now', by('ci', signed), by('ci', verified), []],
      ['signers that are no longer configured', by('ci', verified), by('ci', signed), []],
      [
        'another builder and source',
        by('ci', built),
        by('ci', { ...built, builders: ['b'], sources: ['s'] }),
        ['builder changed', 'source changed'],
      ],
      ['a signature that was not there before', by('ci', nothing), by('ci', signed), []],
      ['a registry that names no account', by('ci', signed), by(null, signed), []],
      [
        'an index of which one image is not signed',
        by('ci', signed, signed),
        by('ci', signed, nothing),
        ['signature missing'],
      ],
      [
        'an index of which one image has another builder',
        by('ci', built),
        by('ci', built, { ...built, builders: ['b'] }),
        ['builder changed'],
      ],
    ])('evaluates %s', (_what, before, now, expected) => {
      expect(short(now, usual(before))).toEqual(expected);
    });

    it('names the common key of all usual signatures, and both keys of the other', () => {
      const keys = (...claimedSigners: string[]) => by('ci', { ...signed, claimedSigners });
      const key = (letter: string) => `key sha256:${letter.repeat(64)}`;
      const before = ['b', 'c', 'd'].flatMap((other) => usual(keys(key('a'), key(other)), 1));
      const deviations = identityDeviations(keys(key('e'), key('f')), before);
      expect(deviations).toMatchObject([{ what: 'signer', before: [key('a')], now: [key('e'), key('f')] }]);
      const evaluated = { repository: 'r', tag: '1', isVersion: true, hasOtherSigns: false, signedElsewhere: null };
      expect(identityFindings(evaluated, deviations, before)).toMatchObject([
        {
          id: 'identity-changed',
          title:
            'Identity changed: signer key sha256:eeeeeeeeeeee or key sha256:ffffffffffff, previously always key sha256:aaaaaaaaaaaa',
        },
      ]);
    });

    it('does not learn an account if users push in turn', () => {
      const before = [...usual(by('alice', signed), 2), ...usual(by('bob', signed), 2)];
      expect(short(by('carol', signed), before)).toEqual([]);
    });

    it('reports nothing that one usual push lacked', () => {
      const before = [...usual(by('ci', signed), 4), ...usual(by('ci', nothing), 1)];
      expect(short(by('ci', nothing), before)).toEqual([]);
    });

    it('reports nothing for a push like one of the usual ones', () => {
      const identity = fc.record({
        images: fc.array(fc.constantFrom(nothing, signed, built, verified), { minLength: 1, maxLength: 3 }),
        pusher: fc.constantFrom('a', null),
        pipeline: fc.constantFrom('p', null),
      });
      fc.assert(fc.property(identity, (now) => expect(identityDeviations(now, usual(now))).toEqual([])));
    });
  });

  describe('usualPushes', () => {
    const flags = (text: string): EarlierIdentity[] =>
      text.split('').map((flag, index) => ({
        ...usual(by('ci', signed), 1)[0]!,
        digest: `d${index}`,
        isDeviating: flag === 'x',
      }));

    it.each([
      ['', 0],
      ['..', 0],
      ['...', 3],
      ['.........', 5],
      // Earlier deviating pushes do not count as learned.
      ['x.x....', 5],
      ['xxxx...', 3],
      ['xxxx..', 0],
      // Five in a row are the new usual.
      ['xxxxx....', 5],
    ])('learns from %j, newest first, by %i pushes', (text, count) => {
      expect(usualPushes(flags(text), 5)).toHaveLength(count);
    });

    it('keeps the usual identity while fewer pushes deviate than required', () => {
      expect(usualPushes(flags('xxxx.....'), 5).every(({ isDeviating }) => !isDeviating)).toBe(true);
    });
  });

  describe('identityFindings', () => {
    const tag: EvaluatedTag = {
      repository: 'free/tool',
      tag: '1.4',
      isVersion: true,
      hasOtherSigns: false,
      signedElsewhere: null,
    };
    const found = (now: PushIdentity, before: readonly EarlierIdentity[], more: Partial<EvaluatedTag> = {}) =>
      identityFindings({ ...tag, ...more }, identityDeviations(now, before), before);

    it('name the missing part, since when, and the confidence', () => {
      expect(found(by('ci', nothing), usual(by('ci', built), 9))).toMatchObject([
        {
          id: 'identity-missing',
          severity: 'high',
          confidence: 'certain',
          title: 'Signature and provenance missing, previously always present',
          evidence: { learnedFrom: 9, lastSeen: [{ tag: '1.0' }, {}, {}, {}, {}] },
        },
      ]);
      expect(found(by('ci', nothing), usual(by('ci', signed), 3))).toMatchObject([{ confidence: 'likely' }]);
    });

    it.each<[string, PushIdentity, Partial<EvaluatedTag>, string]>([
      ['another account alone', by('mallory', built), {}, 'medium'],
      ['another account beside another sign', by('mallory', built), { hasOtherSigns: true }, 'high'],
      ['another builder', by('ci', { ...built, builders: ['b'] }), {}, 'high'],
      ['a missing signature', by('ci', nothing), {}, 'high'],
      ['a missing signature of no release', by('ci', nothing), { isVersion: false }, 'medium'],
      ['a missing signature of a copy', by('ci', nothing), { signedElsewhere: 'origin:5000/free/tool' }, 'low'],
      ['a signature that could not be looked for', by('ci', { ...nothing, isComplete: false }), {}, 'medium'],
    ])('rates %s', (_what, now, more, severity) => {
      expect(found(now, usual(by('ci', built)), more)).toMatchObject([{ severity }]);
    });

    it('names the place where a copy is signed', () => {
      const [finding] = found(by('ci', nothing), usual(by('ci', signed)), { signedElsewhere: 'origin:5000/free/tool' });
      expect(finding?.title).toBe('Signature missing here; the same digest has it in origin:5000/free/tool');
    });
  });
});
