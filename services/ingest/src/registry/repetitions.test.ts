import type { Digest } from '@tidewaiter/domain';
import type { ReceivedContent } from '@tidewaiter/store';
import * as fc from 'fast-check';

import type { RegistryNotice } from './registry-notice.js';
import { contentKeyOf, newContents, repetitionWindowMs } from './repetitions.js';

const place = { connection: 'main', repository: 'shop/app', tag: '1' };
const digestOf = (content: string): Digest => `sha256:${content.repeat(64)}`;

const push = (content: string, isNamed: boolean): RegistryNotice => ({
  kind: 'push',
  deliveryKey: content,
  identity: 'content',
  push: {
    ...place,
    claimedDigest: isNamed ? digestOf(content) : null,
    artifact: 'image',
    attachedTo: null,
    pushedBy: null,
    pushedAt: null,
  },
});
const deletion: RegistryNotice = {
  kind: 'deletion',
  deliveryKey: 'deleted',
  identity: 'content',
  deletion: { ...place, digest: null, deletedBy: null, at: null },
};

/** Takes notices one after the other; returns which are new. */
class Intake {
  nowMs = 1_800_000_000_000;
  isAwaiting = false;
  #stored: ReceivedContent[] = [];

  take(...notices: RegistryNotice[]): boolean[] {
    this.nowMs += 1;
    const given = notices.map((notice) => ({ connection: 'registry/main', notice, receivedAtMs: this.nowMs }));
    if (this.#stored.length === 0) {
      this.#stored = [{ ...contentKeyOf(given[0]!), content: '', receivedAt: new Date(this.nowMs) }];
    }
    const { isNew, changed } = newContents(given, this.#stored, () => this.isAwaiting);
    for (const each of changed) this.#stored = [each];
    this.isAwaiting ||= isNew.includes(true);
    return isNew;
  }
}

describe('newContents', () => {
  it('takes the same content again as a repetition until the registry is asked for the digest', () => {
    const intake = new Intake();
    expect(intake.take(push('a', false), push('a', false))).toEqual([true, false]);
    expect(intake.take(push('a', false))).toEqual([false]);
    intake.isAwaiting = false;
    expect(intake.take(push('a', false))).toEqual([true]);
  });

  it('takes the same content again as new after the window, though repeated all the time', () => {
    const intake = new Intake();
    const isNew = Array.from({ length: 7 }, () => {
      const [each] = intake.take(push('a', true));
      intake.nowMs += repetitionWindowMs / 3 - 1;
      return each;
    });
    expect(isNew).toEqual([true, false, false, true, false, false, true]);
  });

  it('takes a rollback as new', () => {
    const [a, b] = [push('a', true), push('b', true)];
    expect(new Intake().take(a, b, a, a, deletion, deletion, a)).toEqual([true, true, true, false, true, false, true]);
  });

  it('loses no digest of a tag, whatever is pushed, delivered again and asked', () => {
    const step = fc.constantFrom('push a', 'push b', 'again', 'ask', 'wait');
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 40 }), (isNamed, steps) => {
        const intake = new Intake();
        let tag = 'a';
        let known: string | null = null;
        for (const each of steps) {
          if (each === 'wait') intake.nowMs += repetitionWindowMs;
          else if (each === 'ask') {
            if (intake.isAwaiting) known = tag;
            intake.isAwaiting = false;
          } else {
            if (each !== 'again') tag = each.slice(-1);
            // A sender that names no digest sends the same for every push.
            const [isNew] = intake.take(push(isNamed ? tag : 'a', isNamed));
            if (isNew && isNamed) known = tag;
          }
          // Without a digest the next question finds it.
          if (known !== null && !intake.isAwaiting) expect(known).toBe(tag);
        }
      }),
      { numRuns: 500 },
    );
  });
});
