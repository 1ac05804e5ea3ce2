import { bestCvss, isReadable, severityOf } from './severity.js';

const v2 = { type: 'CVSS_V2', score: 'AV:L/AC:H/Au:N/C:P/I:P/A:P' };
const v3 = { type: 'CVSS_V3', score: 'CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H' };
const v31 = { type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' };
const v4 = { type: 'CVSS_V4', score: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N' };

describe('bestCvss', () => {
  it.each([
    [[v2], 3.7],
    [[v2, v3], 6.5],
    [[v2, v3, v31], 9.8],
    [[v2, v31, v4], 9.3],
    [[{ type: 'CVSS_V3', score: `${v31.score}/E:U/RL:O` }], 9.8], // the base score, not the temporal one
    [[{ type: 'CVSS_V4', score: `${v4.score}/E:U` }], 9.3],
    [[{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N' }], 0],
  ])('scores %j as %d', (entries, score) => {
    expect(bestCvss(entries)?.score).toBe(score);
  });

  it('uses an older vector if the newer one is invalid', () => {
    expect(bestCvss([{ type: 'CVSS_V4', score: 'CVSS:4.0/AV:N' }, v3])).toEqual({ vector: v3.score, score: 6.5 });
  });

  it('returns null without a vector', () => {
    expect(bestCvss([{ type: 'Ubuntu', score: 'high' }])).toBeNull();
  });
});

describe('isReadable', () => {
  it.each([
    [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L' }, false],
    [{ type: 'CVSS_V3', score: '9.8' }, false],
    [{ type: 'CVSS_V3', score: v4.score }, false],
    [{ type: 'CVSS_V3', score: v31.score.replace('A:H', 'A:Q') }, false],
    [{ type: 'CVSS_V3', score: `${v31.score}${'/E:U'.repeat(200)}` }, false],
    [{ type: 'CVSS_V2', score: '' }, false],
    [{ type: 'CVSS_V9', score: v31.score }, false],
    [v31, true],
    [{ type: 'Ubuntu', score: 'untriaged' }, true],
  ])('returns for %j: %s', (entry, answer) => {
    expect(isReadable(entry)).toBe(answer);
  });
});

describe('severityOf', () => {
  it.each([
    [[{ type: 'Ubuntu', score: 'negligible' }, v31], [], 'negligible'],
    [[v31], ['low**'], 'low'],
    [[v31], ['unimportant'], 'negligible'],
    [[], ['IMPORTANT'], 'high'],
    [[], [undefined, 'MODERATE'], 'medium'],
    [[{ type: 'Ubuntu', score: 'untriaged' }, v31], ['not yet assigned'], 'critical'],
    [[v3], ['end-of-life'], 'medium'],
    [[v2], [], 'low'],
    [[{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N' }], [], 'negligible'],
    [[], ['constructor'], null],
    [[], [], null],
  ])('rates %j and %j as %s', (entries, words, severity) => {
    expect(severityOf(entries, words, bestCvss(entries))).toBe(severity);
  });
});
