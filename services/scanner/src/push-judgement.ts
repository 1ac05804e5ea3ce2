import { Injectable } from '@nestjs/common';
import { type Finding, type ImagePackage, type SeverityCounts, verdictOf } from '@tidewaiter/domain';
import { type DataOf, type Draft, draft, imageAnalyzed, tagMoved } from '@tidewaiter/events';
import { Findings, type Image, Images, type Push, type Verdict, type Warning } from '@tidewaiter/store';

import { ImageAssembly } from './image-assembly.js';
import { ImageMatching } from './image-matching.js';
import { pushSubject } from './push-subject.js';
import { changedFindings, changedPackages, countFindings } from './verdict.js';

/** What a push comes to, and what is told about it. */
export interface Judgement {
  verdict: Verdict;
  counts: SeverityCounts;
  warnings: Warning[];
  events: Draft[];
}

type Changes = NonNullable<DataOf<typeof imageAnalyzed>['changes']>;

/** Judges a push whose layers are all read. */
@Injectable()
export class PushJudgement {
  constructor(
    private readonly images: Images,
    private readonly findings: Findings,
    private readonly assembly: ImageAssembly,
    private readonly matching: ImageMatching,
  ) {}

  async judge(push: Push): Promise<Judgement> {
    for (const image of await this.images.ofPush(push.id)) {
      await this.assembly.assemble(image);
      await this.matching.match(image.digest);
    }
    const images = await this.images.ofPush(push.id);
    const findings = await this.findings.of(images.map(({ digest }) => digest));
    const warnings = await this.#warnings(images);
    const { result: verdict } = verdictOf(findings, warnings);
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
    return { verdict, counts, warnings, events: changes ? [analyzed, movedEvent(push, changes)] : [analyzed] };
  }

  async #warnings(images: readonly Image[]): Promise<Warning[]> {
    const perImage = await Promise.all(
      images.map(async ({ digest, os, warnings }) => [...warnings, ...(await this.matching.blindSpots(digest, os))]),
    );
    const unique = new Map(perImage.flat().map((warning) => [JSON.stringify(warning), warning]));
    return [...unique.values()];
  }

  /** Null where the tag did not point to something else before. */
  async #changes(push: Push, images: readonly Image[], findings: readonly Finding[]): Promise<Changes | null> {
    const { previousDigest } = push;
    if (push.tag === null || previousDigest === null || previousDigest === push.digest) return null;
    const before = await this.images.ofDigest(previousDigest);
    const past = await this.findings.of(before.map(({ digest }) => digest));
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
