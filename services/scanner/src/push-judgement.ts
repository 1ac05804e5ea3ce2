import { Injectable } from '@nestjs/common';
import { type Finding, type ImagePackage, type SeverityCounts } from '@tidewaiter/domain';
import { type DataOf, type Draft, draft, imageAnalyzed, tagMoved } from '@tidewaiter/events';
import { type Image, Images, Judgements, type Push, type Verdict, type Warning } from '@tidewaiter/store';

import { ImageAssembly } from './image-assembly.js';
import { ImageMatching } from './image-matching.js';
import { ImageOrigin } from './image-origin.js';
import { pushSubject } from './push-subject.js';
import { changedFindings, changedPackages, countFindings } from './verdict.js';

/** What a push comes to, and what is told about it. */
export interface Judgement {
  verdict: Verdict;
  counts: SeverityCounts;
  warnings: Warning[];
  rulesVersion: string;
  events: Draft[];
}

type Changes = NonNullable<DataOf<typeof imageAnalyzed>['changes']>;

/** Judges a push whose layers are all read. */
@Injectable()
export class PushJudgement {
  constructor(
    private readonly images: Images,
    private readonly judgements: Judgements,
    private readonly assembly: ImageAssembly,
    private readonly matching: ImageMatching,
    private readonly origin: ImageOrigin,
  ) {}

  /** Looks first at what is signed of the images, which the registry alone knows. */
  async judgeWithOrigin(push: Push, signal: AbortSignal): Promise<Judgement> {
    for (const image of await this.images.ofPush(push.id)) await this.origin.examine(push, image, signal);
    return this.judge(push);
  }

  /** Judges by what is known. */
  async judge(push: Push): Promise<Judgement> {
    for (const image of await this.images.ofPush(push.id)) {
      await this.assembly.assemble(image);
      await this.matching.match(image.digest);
    }
    const images = await this.images.ofPush(push.id);
    const judged = await this.judgements.of(push, images, await this.#warnings(push, images));
    const { findings, warnings } = judged;
    const { result: verdict } = judged.verdict;
    const counts = countFindings(findings);
    const changes = await this.#changes(push, images, findings);
    const analyzed = draft(imageAnalyzed, pushSubject(push), {
      ...placeOf(push),
      digest: push.digest!,
      previousDigest: push.previousDigest,
      platforms: images.map(({ platform, digest }) => ({ platform, digest })),
      counts,
      verdict,
      changes,
    });
    const rulesVersion = this.judgements.rulesVersion();
    return {
      verdict,
      counts,
      warnings,
      rulesVersion,
      events: changes ? [analyzed, movedEvent(push, changes)] : [analyzed],
    };
  }

  async #warnings(push: Push, images: readonly Image[]): Promise<Warning[]> {
    const perImage = await Promise.all(
      images.map(async ({ digest, os, warnings }) => [
        ...warnings,
        ...(await this.matching.blindSpots(digest, os)),
        ...(await this.origin.warnings(push, digest)),
      ]),
    );
    const unique = new Map(perImage.flat().map((warning) => [JSON.stringify(warning), warning]));
    return [...unique.values()];
  }

  /** Null where the tag did not point to something else before. */
  async #changes(push: Push, images: readonly Image[], findings: readonly Finding[]): Promise<Changes | null> {
    const { previousDigest } = push;
    if (push.tag === null || previousDigest === null || previousDigest === push.digest) return null;
    const before = await this.images.ofDigest(previousDigest);
    const { findings: past } = await this.judgements.of({ ...push, digest: previousDigest }, before, []);
    const [packages, pastPackages] = await Promise.all([this.#packagesOf(images), this.#packagesOf(before)]);
    return { packages: changedPackages(packages, pastPackages), findings: changedFindings(findings, past) };
  }

  /** The packages of all platforms; the same package on two of them counts once by its name. */
  async #packagesOf(images: readonly Image[]): Promise<ImagePackage[]> {
    const packages = await Promise.all(images.map(({ digest }) => this.images.packages(digest)));
    return packages.flat().filter(({ state }) => state === 'present');
  }
}

function movedEvent(push: Push, changes: Changes): Draft {
  return draft(tagMoved, pushSubject(push), {
    ...placeOf(push),
    tag: push.tag!,
    oldDigest: push.previousDigest!,
    newDigest: push.digest!,
    ...changes,
  });
}

function placeOf({ id, connection, repository, tag }: Push) {
  return { pushId: id, connection, repository, tag };
}
