import { buildTime, type Digest } from '@tidewaiter/domain';
import { type ImageIdentity, type ImageJudgement, judgeImages, needsPackages, type Rules } from '@tidewaiter/policy';

import { Findings, type ImageFinding } from './findings.js';
import { type Image, Images } from './images.js';
import { Provenances } from './provenances.js';
import type { Push, Warning } from './pushes.js';

/** Under which name an image is judged. */
export type JudgedPush = Pick<Push, 'registryHost' | 'connection' | 'repository' | 'tag' | 'digest'>;

/** Judges what is known of images by the rules of the settings, as they are now: an exception may have ended since the push. */
export class Judgements {
  constructor(
    private readonly images: Images,
    private readonly findings: Findings,
    private readonly provenances: Provenances,
    private readonly rules: Rules,
  ) {}

  /**
   * Judges the images of a push, whose layers are all read and whose packages are matched.
   * @param warnings what is not known of them
   * @param isRunning undefined where nobody knows whether a workload runs them
   */
  async of(
    push: JudgedPush,
    images: readonly Image[],
    warnings: readonly Warning[],
    isRunning?: boolean,
  ): Promise<ImageJudgement<ImageFinding>> {
    const findings = Map.groupBy(
      await this.findings.of(
        images.map(({ digest }) => digest),
        push,
      ),
      ({ imageDigest }) => imageDigest,
    );
    const known = images.map(async (image) => {
      const provenance = await this.provenances.get(push, image.digest);
      const asksForPackages = needsPackages(this.rules) || (provenance?.vex.length ?? 0) > 0;
      return {
        identity: identityOf(push, image.digest),
        claims: { ...image, createdAt: buildTime(image.createdAt?.toISOString()) },
        findings: findings.get(image.digest) ?? [],
        packages: asksForPackages ? await this.images.packages(image.digest) : [],
        ...(provenance && { provenance }),
      };
    });
    const circumstances = { now: new Date(), ...(isRunning !== undefined && { running: isRunning }) };
    return judgeImages(await Promise.all(known), warnings, this.rules, circumstances);
  }
}

/** An index and the images that it holds have the same name. */
function identityOf({ registryHost, connection, repository, tag, digest }: JudgedPush, image: Digest): ImageIdentity {
  const name = `${registryHost ?? connection}/${repository}`;
  return {
    reference: tag === null ? `${name}@${digest ?? image}` : `${name}:${tag}`,
    repository: name,
    tag,
    digests: digest === null || digest === image ? [image] : [image, digest],
  };
}
