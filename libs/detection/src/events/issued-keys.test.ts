import { observe } from '@tidewaiter/sensors';

import { recordOf } from '../storylines/storyline.js';
import { IssuedKeys } from './issued-keys.js';

/** Call with a key that issues another one. */
function assume(accessKeyId: string, issued: string, errorCode?: string) {
  const event = {
    eventSource: 'sts.amazonaws.com',
    eventName: 'AssumeRole',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::1:user/ops', accessKeyId },
    responseElements: { credentials: { accessKeyId: issued } },
    ...(errorCode ? { errorCode } : {}),
  };
  return observe(recordOf({ id: '1', at: '2026-04-01T10:00:00Z', source: 'cloudtrail', event }, 'c'));
}

describe('IssuedKeys', () => {
  it('follows sessions of roles back to the first key', () => {
    const keys = new IssuedKeys();
    keys.note(assume('AKIA1', 'ASIA2'));
    keys.note(assume('ASIA2', 'ASIA3'));
    expect(keys.issuersOf('ASIA3')).toEqual(['ASIA2', 'AKIA1']);
    expect(keys.issuersOf('AKIA1')).toEqual([]);
    const restored = new IssuedKeys();
    restored.restore(keys.snapshot());
    expect(restored.issuersOf('ASIA3')).toEqual(['ASIA2', 'AKIA1']);
  });

  it('takes no key from a refused call, and ends where keys issue each other', () => {
    const keys = new IssuedKeys();
    keys.note(assume('AKIA1', 'ASIA2', 'AccessDenied'));
    expect(keys.issuersOf('ASIA2')).toEqual([]);
    keys.note(assume('ASIA3', 'ASIA4'));
    keys.note(assume('ASIA4', 'ASIA3'));
    expect(keys.issuersOf('ASIA4')).toEqual(['ASIA3', 'ASIA4']);
  });
});
