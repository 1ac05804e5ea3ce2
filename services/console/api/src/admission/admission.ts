import { cut, printable, type Verdict } from '@tidewaiter/domain';
import type { AdmissionSettings } from '@tidewaiter/runtime';
import { z } from 'zod';

/**
 * @see
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
 */
export const admissionReview = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1).max(200),
    operation: z.string(),
    namespace: z.string().optional(),
    object: z.unknown().optional(),
    oldObject: z.unknown().optional(),
  }),
});

export type AdmissionRequest = z.output<typeof admissionReview>['request'];

/** Stored verdict on an image that is about to run. */
export interface AdmissionVerdict {
  image: string;
  result: Verdict;
  reasons: string[];
  /**
   * Whether it is unknown because it is not scanned: no push of it is known, or one is still being
   * analyzed.
   */
  isUnscanned?: boolean;
}

/** Outcome label of the metric. */
export type AdmissionOutcome = 'allowed' | 'warned' | 'denied' | 'exempt';

export interface AdmissionDecision {
  outcome: AdmissionOutcome;
  warnings: string[];
  /** Reason of a refusal; null where the request is allowed. */
  refusal: string | null;
  /** Images that are allowed although they are not scanned. */
  unscanned: string[];
}

/**
 * Limit on the characters of a warning: Kubernetes cuts longer ones, and all of them together at 4
 * KiB.
 */
const maxWarning = 256;
const maxWarnings = 10;
const maxRefusal = 1_000;

/**
 * Returns the new images of a request: images that already run may be scaled, labeled and deleted,
 * whatever their verdict is by now. Empty where the request starts nothing, or its namespace is
 * exempt.
 */
export function imagesToEvaluate(request: AdmissionRequest, { exemptNamespaces }: AdmissionSettings): string[] {
  const { operation, namespace, object, oldObject } = request;
  if (operation !== 'CREATE' && operation !== 'UPDATE') return [];
  if (namespace !== undefined && exemptNamespaces.includes(namespace)) return [];
  const old = new Set(imagesOf(oldObject));
  return [...new Set(imagesOf(object))].filter((image) => !old.has(image));
}

/** Places of a pod's specification: in a pod, a workload, a cron job and a PodTemplate. */
const podSpecs = [
  ['spec'],
  ['spec', 'template', 'spec'],
  ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ['template', 'spec'],
];
const containerLists = ['initContainers', 'containers', 'ephemeralContainers'];

/**
 * Images of an object's pods, each place by itself: a part that Kubernetes takes and this does not
 * expect must not hide the images beside it.
 */
function imagesOf(object: unknown): string[] {
  return podSpecs.flatMap((place) => {
    const spec = at(object, place);
    const containers = containerLists.flatMap((list) => itemsAt(spec, list).map((each) => at(each, ['image'])));
    const volumes = itemsAt(spec, 'volumes').map((each) => at(each, ['image', 'reference']));
    return [...containers, ...volumes].flatMap((image) => textOfImage(image) ?? []);
  });
}

/** An image that is no text is an invalid reference: unknown, and not absent. */
function textOfImage(image: unknown): string | undefined {
  if (image === undefined || image === null || image === '') return undefined;
  return typeof image === 'string' ? image : JSON.stringify(image);
}

function itemsAt(object: unknown, name: string): unknown[] {
  const list = at(object, [name]);
  return Array.isArray(list) ? list : [];
}

function at(object: unknown, place: readonly string[]): unknown {
  let value = object;
  for (const name of place) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/**
 * Decides by the stored verdict of each image. In enforce mode an image with an unknown fact is
 * denied, since an attacker could otherwise make facts unknown. Only an unscanned image may pass,
 * where the settings allow it.
 */
export function decide(verdicts: readonly AdmissionVerdict[], { mode, unknown }: AdmissionSettings): AdmissionDecision {
  const isRefused = ({ result, isUnscanned = false }: AdmissionVerdict) =>
    result === 'fail' || (result === 'unknown' && !(isUnscanned && unknown === 'allow'));
  const refused = mode === 'enforce' ? verdicts.filter(isRefused) : [];
  const failing = mode === 'audit' ? [] : verdicts.filter(({ result }) => result !== 'pass');
  const warnings = failing.filter((each) => !refused.includes(each)).map((each) => cut(textOf(each), maxWarning));
  if (refused.length > 0) {
    const refusal = cut(refused.map(textOf).join('; '), maxRefusal);
    return { outcome: 'denied', warnings: warnings.slice(0, maxWarnings), refusal, unscanned: [] };
  }
  return {
    outcome: warnings.length > 0 ? 'warned' : 'allowed',
    warnings: warnings.slice(0, maxWarnings),
    refusal: null,
    unscanned: verdicts.flatMap(({ image, isUnscanned = false }) => (isUnscanned ? [image] : [])),
  };
}

function textOf({ image, result, reasons }: AdmissionVerdict): string {
  return `tidewaiter: ${printable(image)}: ${result}${reasons.length > 0 ? `: ${printable(reasons.join('; '))}` : ''}`;
}

export const admissionAnswer = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  response: z.object({
    uid: z.string(),
    allowed: z.boolean(),
    status: z.object({ code: z.int(), reason: z.string(), message: z.string() }).optional(),
    warnings: z.array(z.string()).optional(),
  }),
});

/**
 * Builds the answer. Kubernetes expects its own `uid` in it, and HTTP status 200 even for a
 * refusal.
 */
export function answerOf(uid: string, { warnings, refusal }: AdmissionDecision): z.output<typeof admissionAnswer> {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: refusal === null,
      ...(refusal !== null && { status: { code: 403, reason: 'Forbidden', message: refusal } }),
      ...(warnings.length > 0 && { warnings }),
    },
  };
}
