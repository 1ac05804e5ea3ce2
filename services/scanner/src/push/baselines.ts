import { Injectable } from '@nestjs/common';
import { type Baseline, NotYet } from '@tidewaiter/domain';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { type EarlierTag, type Push, PushBaselines } from '@tidewaiter/store';

import { type BaselineChoice, chooseBaseline, type ComparedPush, isDecidedByNewest } from './baseline-choice.js';

/** Newest tags of a repository, of which mostly one has the variant of a new tag. */
const newestTags = 50;

/** Time that a push waits for its predecessor while the predecessor is still being read. */
const maxWaitMs = 5_000;

/** Baseline of a push, and the account that pushed it. */
export interface ChosenBaseline extends Baseline {
  pushedBy: string | null;
}

/** Chooses the baseline of a push: the earlier digest of the tag, or else the release before it. */
@Injectable()
export class Baselines {
  constructor(
    private readonly known: PushBaselines,
    private readonly settings: TidewaiterSettings,
  ) {}

  /**
   * Null without a baseline.
   * @throws NotYet `EARLIER_PUSH_PENDING` while the release before it is being read
   */
  async of(push: Push): Promise<ChosenBaseline | null> {
    const { tag, digest, previousDigest, repository } = push;
    if (tag === null || digest === null) return null;
    if (previousDigest !== null) {
      const pushedBy = await this.known.pusherOf(push, tag, previousDigest);
      return { tag, digest: previousDigest, reason: 'same-tag', line: null, pushedBy };
    }
    const choice = await this.#choose(push, { repository, tag, digest });
    if (!choice) return null;
    const { known, reason, line } = choice;
    if (!known.isAnalyzed) throw earlierPending(known.tag);
    return { tag: known.tag, digest: known.digest, reason, line, pushedBy: known.pushedBy };
  }

  /** Reads all tags of the repository only where the newest ones do not decide. */
  async #choose(push: Push, compared: ComparedPush): Promise<BaselineChoice | null> {
    const { releases } = this.settings;
    const usable = (tags: readonly EarlierTag[]) =>
      tags.filter((each) => each.isAnalyzed || (push.origin !== 'imported' && isYoung(each)));
    if (isDecidedByNewest(compared, releases)) {
      const newest = await this.known.newestTags(push, compared.tag, newestTags);
      const choice = chooseBaseline(compared, usable(newest), releases);
      if (choice || newest.length < newestTags) return choice;
    }
    return chooseBaseline(compared, usable(await this.known.otherTags(push, compared.tag)), releases);
  }
}

/**
 * Error for a push that waits for another one, by its tag or digest. When many releases are pushed
 * at once, each waits for the one before it, whose end makes it due again.
 */
export function earlierPending(name: string): NotYet {
  return new NotYet('EARLIER_PUSH_PENDING', `${name} is being analyzed`, { retryAfterMs: 2_000 });
}

function isYoung({ at }: EarlierTag): boolean {
  return Date.now() - at.getTime() < maxWaitMs;
}
