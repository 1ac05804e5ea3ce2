import { Injectable } from '@nestjs/common';
import { type Digest, NotFound, Unavailable } from '@tidewaiter/domain';
import type { ImageEvaluation } from '@tidewaiter/policy';
import { type ImageReference, parseReference } from '@tidewaiter/registry';
import {
  type EvaluationQuestion,
  type Image,
  type ImageFinding,
  Images,
  type EvaluatedPush,
  Verdicts,
  type Push,
  Pushes,
} from '@tidewaiter/store';

/** Analyzed image with its current evaluation. */
export interface StoredVerdict {
  push: Push;
  images: Image[];
  evaluation: ImageEvaluation<ImageFinding>;
}

/** Evaluates images by name from stored data; nothing is ever pulled. */
@Injectable()
export class StoredVerdicts {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly evaluations: Verdicts,
  ) {}

  /**
   * Evaluates an image under the requested name: an exception for one repository does not apply to
   * another.
   * @throws NotFound `IMAGE_UNKNOWN`; Unavailable `VERDICT_PENDING` while it is analyzed;
   * InvalidInput `REFERENCE_INVALID`
   */
  async of(name: string, asked: EvaluationQuestion = {}): Promise<StoredVerdict> {
    const { push, place } = await this.pushOf(name);
    const digest = push.digest ?? push.claimedDigest;
    if (push.state === 'accepted' || push.state === 'analyzing')
      throw new Unavailable('VERDICT_PENDING', `${name} is being analyzed`);
    const images = digest === null ? [] : await this.images.ofDigest(place.digest ?? digest);
    const failure = push.code === null ? [] : [{ code: 'UNREADABLE', message: `${push.code}: ${push.reason}` }];
    const warnings = [...(await this.pushes.warnings(push.id)), ...failure];
    return { push, images, evaluation: await this.evaluations.of(place, images, warnings, asked) };
  }

  /** Returns the push that represents a name, and the place under which it is evaluated. */
  async pushOf(name: string): Promise<{ push: Push; place: EvaluatedPush }> {
    const reference = parseReference(name);
    const host = await this.#hostOf(reference);
    const { repository, digest = null } = reference;
    const tag = digest === null ? (reference.tag ?? null) : null;
    const own = await this.pushes.latest({ host, repository, tag, digest });
    // The same content may have been pushed under another name.
    const known = digest ?? own?.digest ?? null;
    // The last verdict on the same content holds until it is replaced, even while its newest push
    // has none.
    const push = own?.state === 'analyzed' || known === null ? own : ((await this.pushes.newestOf(known)) ?? own);
    if (!push) throw new NotFound('IMAGE_UNKNOWN', `no image ${name} has a known push`);
    const asked: Digest | null = digest ?? push.digest;
    // A tag beside a digest is an unverified claim: only the push knows its tag.
    return { push, place: { ...push, registryHost: host, repository, tag: own?.tag ?? null, digest: asked } };
  }

  async #hostOf({ host, repository }: ImageReference): Promise<string> {
    return (await this.pushes.otherNameOf(host, repository)) ?? host;
  }
}
