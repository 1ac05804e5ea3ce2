import { Injectable } from '@nestjs/common';
import type { Digest, Platform, SeverityCounts } from '@tidewaiter/domain';
import { verdictOf } from '@tidewaiter/domain';
import { Findings, type Image, Images, type Push, type Verdict, type Warning } from '@tidewaiter/store';

import { ImageAssembly } from './image-assembly.js';
import { ImageMatching } from './image-matching.js';
import { countFindings } from './verdict.js';

/** What a push comes to. */
export interface Judgement {
  platforms: { platform: Platform; digest: Digest }[];
  verdict: Verdict;
  counts: SeverityCounts;
  warnings: Warning[];
}

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
    const platforms = images.map(({ platform, digest }) => ({ platform, digest }));
    return { platforms, verdict, counts: countFindings(findings), warnings };
  }

  async #warnings(images: readonly Image[]): Promise<Warning[]> {
    const perImage = await Promise.all(
      images.map(async ({ digest, os, warnings }) => [...warnings, ...(await this.matching.blindSpots(digest, os))]),
    );
    const unique = new Map(perImage.flat().map((warning) => [JSON.stringify(warning), warning]));
    return [...unique.values()];
  }
}
