import { Injectable } from '@nestjs/common';
import { cut, NotFound, printable, TidewaiterError } from '@tidewaiter/domain';
import { counterIn, metricCatalog, type AdmissionSettings, Logger, TidewaiterSettings } from '@tidewaiter/runtime';
import { redactedReason } from '@tidewaiter/secrets';
import { type Counter, Registry } from 'prom-client';

import { StoredVerdicts } from '../gate/stored-verdicts.js';
import {
  type AdmissionDecision,
  type AdmissionRequest,
  type AdmissionVerdict,
  decide,
  imagesToEvaluate,
} from './admission.js';

/**
 * Age up to which a cached verdict is fresh: a rollout asks about the same image once for each pod.
 * An older one is refreshed in the background, for the next request.
 */
const freshMs = 10_000;
/** Age above which a cached verdict is not served any more. */
const keptMs = 60_000;
const maxKept = 2_000;
/** Limit on the images looked up for one request; real pods have fewer, and each costs queries. */
const maxImages = 50;
/**
 * Time limit of an answer. After some seconds Kubernetes would apply its own failure policy, which
 * no metric would count.
 */
const answerWithinMs = 1_500;
/** Limit on an image in logs, whose name may have any length. */
const maxLoggedName = 256;

/** Error codes for an image without a known push, or whose push is being analyzed. */
const unscannedCodes = new Set(['IMAGE_UNKNOWN', 'VERDICT_PENDING']);

interface Kept {
  verdict: Promise<AdmissionVerdict>;
  at: number;
}

/** Decides on admission requests by stored verdicts, and counts its answers. */
@Injectable()
export class AdmissionService {
  readonly #kept = new Map<string, Kept>();
  readonly #answers: Counter<'outcome'>;
  readonly #images: Counter<'result'>;
  readonly #unscanned: Counter;
  readonly #settings: AdmissionSettings;
  #allowedUnscanned = 0;

  constructor(
    private readonly verdicts: StoredVerdicts,
    { admission }: TidewaiterSettings,
    private readonly logger: Logger,
    metrics: Registry,
  ) {
    this.#settings = admission;
    this.#answers = counterIn(metrics, metricCatalog.admissionAnswers);
    this.#images = counterIn(metrics, metricCatalog.admissionImages);
    this.#unscanned = counterIn(metrics, metricCatalog.admissionUnscanned);
  }

  /** Number of unscanned images that this process has allowed. */
  get allowedUnscanned(): number {
    return this.#allowedUnscanned;
  }

  /** @param isLimited whether the caller has limits, so that verdicts of others are not its own */
  async decide(request: AdmissionRequest, isLimited = false): Promise<AdmissionDecision> {
    const images = imagesToEvaluate(request, this.#settings);
    const verdictOf = async (image: string) => (isLimited ? this.#lookUp(image) : this.#verdictOf(image));
    const verdicts = await Promise.all(images.slice(0, maxImages).map(verdictOf));
    if (images.length > maxImages)
      verdicts.push({
        image: `${images.length - maxImages} more images`,
        result: 'unknown',
        reasons: ['too many to look up'],
      });
    for (const { result } of verdicts) this.#images.inc({ result });
    const decision = decide(verdicts, this.#settings);
    this.#answers.inc({ outcome: decision.outcome });
    this.#countUnscanned(decision.unscanned, request);
    return decision;
  }

  #countUnscanned(images: readonly string[], { namespace }: AdmissionRequest): void {
    if (images.length === 0) return;
    this.#allowedUnscanned += images.length;
    this.#unscanned.inc(images.length);
    const shown = images.map(loggedName);
    this.logger.warn({ images: shown, namespace, mode: this.#settings.mode }, 'unscanned image allowed');
  }

  async #verdictOf(image: string): Promise<AdmissionVerdict> {
    const kept = this.#kept.get(image);
    const age = kept ? performance.now() - kept.at : Number.POSITIVE_INFINITY;
    if (kept && age < freshMs) return kept.verdict;
    const verdict = this.#renew(image);
    return kept && age < keptMs ? kept.verdict : verdict;
  }

  async #renew(image: string): Promise<AdmissionVerdict> {
    const verdict = this.#lookUp(image);
    this.#kept.delete(image);
    this.#kept.set(image, { verdict, at: performance.now() });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKept) this.#kept.delete(oldest!);
    // Do not cache an unknown verdict: the next lookup may succeed.
    if ((await verdict).result === 'unknown') this.#kept.delete(image);
    return verdict;
  }

  async #lookUp(image: string): Promise<AdmissionVerdict> {
    try {
      const { evaluation } = await withinTime(this.verdicts.of(image, { isRunning: true }));
      return { image, ...evaluation.verdict };
    } catch (error) {
      const isExpected = error instanceof TidewaiterError;
      if (!isExpected || !(error instanceof NotFound))
        this.logger.warn({ image: loggedName(image), err: error }, 'admission unknown');
      const isUnscanned = isExpected && unscannedCodes.has(error.code);
      return {
        image,
        result: 'unknown',
        reasons: [isExpected ? redactedReason(error) : 'the store did not answer'],
        isUnscanned,
      };
    }
  }
}

function loggedName(image: string): string {
  return cut(printable(image), maxLoggedName);
}

async function withinTime<Value>(work: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no verdict in time')), answerWithinMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
