import { Injectable } from '@nestjs/common';
import { type Baseline, NotYet } from '@tidewaiter/domain';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import { type EarlierTag, type Push, PushBaselines } from '@tidewaiter/store';

import { chooseBaseline } from './baseline-choice.js';

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
    const others = await this.known.otherTags(push, tag);
    const usable = others.filter((each) => each.isAnalyzed || (push.origin !== 'imported' && isYoung(each)));
    const choice = chooseBaseline({ repository, tag, digest }, usable, this.settings.releases);
    if (!choice) return null;
    const { known, reason, line } = choice;
    if (!known.isAnalyzed) throw earlierPending(known.tag);
    return { tag: known.tag, digest: known.digest, reason, line, pushedBy: known.pushedBy };
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
