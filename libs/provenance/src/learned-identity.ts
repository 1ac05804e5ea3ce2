import type { PresentedIdentity } from './presented-identity.js';

/** Pusher, signers and builders of the content of a tag. */
export interface PushIdentity {
  /** Identity of each image of the push: a signature of an index covers its images. */
  images: PresentedIdentity[];
  /** Account that the registry reports; null if it reports none. */
  pusher: string | null;
  /** Sources and workflow of the run that a pipeline reported; null without a report. */
  pipeline: string | null;
}

/** An earlier push of other content into the same repository. */
export interface EarlierIdentity {
  digest: string;
  tag: string;
  identity: PushIdentity;
  /** Whether it deviated from the usual identity of its time. */
  isDeviating: boolean;
}

export const identityAspects = [
  'signature',
  'provenance',
  'signer',
  'builder',
  'source',
  'pipeline',
  'pusher',
] as const;

export type IdentityAspect = (typeof identityAspects)[number];

export interface IdentityDeviation {
  what: IdentityAspect;
  kind: 'missing' | 'changed';
  before: string[];
  now: string[];
  /** Whether all artifacts of the push could be read. */
  isComplete: boolean;
}

/** Minimum of pushes from which an identity is learned. */
export const minLearnedPushes = 3;

/**
 * Selects the pushes that define the usual identity from all earlier ones, newest first. Pushes
 * that deviated do not count, so that the first alarm does not disarm the rule; `size` deviating
 * pushes in a row become the new usual identity.
 */
export function usualPushes(earlier: readonly EarlierIdentity[], size: number): EarlierIdentity[] {
  const newest = earlier.slice(0, size);
  const isNewUsual = newest.length === size && newest.every(({ isDeviating }) => isDeviating);
  const usual = isNewUsual ? newest : earlier.filter(({ isDeviating }) => !isDeviating).slice(0, size);
  return usual.length < minLearnedPushes ? [] : usual;
}

/** Differences of a push from the common values of all usual pushes. */
export function identityDeviations(now: PushIdentity, usual: readonly EarlierIdentity[]): IdentityDeviation[] {
  if (usual.length === 0) return [];
  const before = usual.map(({ identity }) => identity);
  const isComplete = now.images.every((image) => image.isComplete);
  return [
    ...missing('signature', now, before),
    ...missing('provenance', now, before),
    ...changedSigner(now, before),
    ...changed(
      'builder',
      now.images.map(({ builders }) => builders),
      before.map(valuesOf('builders')),
    ),
    ...changed(
      'source',
      now.images.map(({ sources }) => sources),
      before.map(valuesOf('sources')),
    ),
    ...changed(
      'pipeline',
      [listOf(now.pipeline)],
      before.map(({ pipeline }) => listOf(pipeline)),
    ),
    ...changedPusher(now, before),
  ].map((deviation) => ({ ...deviation, isComplete }));
}

type Deviation = Omit<IdentityDeviation, 'isComplete'>;

function missing(what: 'signature' | 'provenance', now: PushIdentity, before: readonly PushIdentity[]): Deviation[] {
  const has = ({ images }: PushIdentity) => images.length > 0 && images.every((image) => image[what]);
  if (has(now) || !before.every(has)) return [];
  return [{ what, kind: 'missing', before: ['present'], now: ['none'] }];
}

/**
 * Compares verified signers if the repository has keys or roots, else the claims of the artifacts.
 */
function changedSigner(now: PushIdentity, before: readonly PushIdentity[]): Deviation[] {
  if (!now.images.some(({ signature }) => signature)) return [];
  const isVerifiable = now.images.some((image) => image.isVerifiable);
  const verified = before.map(valuesOf('verifiedSigners'));
  if (isVerifiable && verified.every(({ length }) => length > 0)) {
    return changed(
      'signer',
      now.images.map(({ verifiedSigners }) => verifiedSigners),
      verified,
      'not verified',
    );
  }
  return changed(
    'signer',
    now.images.map(({ claimedSigners }) => claimedSigners),
    before.map(valuesOf('claimedSigners')),
  );
}

/** Several users may push in turn: only an account that made all pushes so far is an identity. */
function changedPusher({ pusher }: PushIdentity, before: readonly PushIdentity[]): Deviation[] {
  const pushers = new Set(before.map((each) => each.pusher));
  return pushers.size === 1 ? changed('pusher', [listOf(pusher)], [[...pushers].flatMap(listOf)]) : [];
}

/**
 * Returns a deviation if every usual push had a value, and an image has none of them.
 * @param absent value that represents none; without it, a missing value is unknown and no change
 */
function changed(
  what: IdentityAspect,
  perImage: readonly (readonly string[])[],
  before: readonly (readonly string[])[],
  absent?: string,
): Deviation[] {
  if (before.some(({ length }) => length === 0)) return [];
  const usual = new Set(before.flat());
  const other = perImage.find(
    (values) => (values.length > 0 || absent !== undefined) && !values.some((value) => usual.has(value)),
  );
  if (other === undefined) return [];
  // An ECDSA signature allows two keys; all signatures of one key have that key in common.
  const shared = [...usual].filter((value) => before.every((values) => values.includes(value)));
  const known = shared.length > 0 ? shared : [...usual];
  return [{ what, kind: 'changed', before: known.toSorted(), now: other.length > 0 ? [...other] : [absent!] }];
}

/** Empty if one image of the push has no value: then the push as a whole has none. */
function valuesOf(key: 'verifiedSigners' | 'claimedSigners' | 'builders' | 'sources') {
  return ({ images }: PushIdentity): string[] =>
    images.some((image) => image[key].length === 0) ? [] : [...new Set(images.flatMap((image) => image[key]))];
}

function listOf(value: string | null): string[] {
  return value === null ? [] : [value];
}
