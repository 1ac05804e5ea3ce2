import { placesOf, readSources } from './sources.js';

describe('placesOf', () => {
  it('names the public places of the usual sources', () => {
    expect(placesOf({})).toMatchObject({
      osv: expect.stringMatching(/^https:/),
      kev: expect.stringMatching(/^https:/),
      epss: expect.stringMatching(/^https:/),
      amazon: expect.stringMatching(/^https:/),
      'amazon-ami': null,
    });
  });

  it('names only configured places once there is one', () => {
    const named = placesOf({ amazon: 'https://mirror.example/amazon' });
    expect(Object.entries(named).filter(([, url]) => url !== null)).toEqual([
      ['amazon', 'https://mirror.example/amazon'],
    ]);
  });
});

describe('readSources', () => {
  it('reads names and addresses', () => {
    expect(readSources(['kev', 'amazon=http://mirror.example:8080/a?b=c'])).toEqual({
      kev: expect.stringContaining('cisa.gov'),
      amazon: 'http://mirror.example:8080/a?b=c',
    });
  });

  it.each(['', 'fedora', 'amazon=', 'amazon=mirror', 'amazon=file:///etc', '=https://mirror.example'])(
    'rejects %j',
    (text) => {
      expect(() => readSources([text])).toThrow(expect.objectContaining({ code: 'SOURCE_UNKNOWN' }));
    },
  );
});
