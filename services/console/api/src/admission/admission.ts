import { cut, printable, type Verdict } from '@tidewaiter/domain';
import type { AdmissionSettings } from '@tidewaiter/runtime';
import { z } from 'zod';

const container = z.object({ image: z.string().max(4_096).optional() });
const containers = z.array(container).max(1_000).optional().catch(undefined);

const podSpec = z.object({ containers, initContainers: containers, ephemeralContainers: containers });
const podTemplate = z.object({ template: z.object({ spec: podSpec.optional() }).optional() });

/** Pod, or an object with a pod template, whose place depends on the kind. */
const workload = z.object({
  spec: podSpec
    .extend(podTemplate.shape)
    .extend({ jobTemplate: z.object({ spec: podTemplate.optional() }).optional() })
    .optional(),
  template: podTemplate.shape.template,
});

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
    object: workload.nullish().catch(null),
    oldObject: workload.nullish().catch(null),
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

function imagesOf(object: z.output<typeof workload> | null | undefined): string[] {
  const specs = [
    object?.spec,
    object?.spec?.template?.spec,
    object?.spec?.jobTemplate?.spec?.template?.spec,
    object?.template?.spec,
  ];
  return specs.flatMap((spec) =>
    [spec?.initContainers, spec?.containers, spec?.ephemeralContainers].flatMap((list) =>
      (list ?? []).flatMap(({ image }) => image ?? []),
    ),
  );
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
