import { draftOf, dropDraft, dropDrafts, keepDraft } from './comment-drafts.js';

describe('draftOf', () => {
  const [one, two] = [{ id: 'a' }, { id: 'b' }];

  it('returns what was typed about the same incidents, until it is stored', () => {
    keepDraft([one], 'seen before');
    expect(draftOf([one])).toBe('seen before');
    expect(draftOf([one, two])).toBe('');
    dropDraft([one]);
    expect(draftOf([one])).toBe('');
  });

  it('returns nothing of a user who has signed out', () => {
    keepDraft([one, two], 'mine');
    dropDrafts();
    expect(draftOf([one, two])).toBe('');
  });
});
