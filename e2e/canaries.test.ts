import { canaries, formsOf, leaksIn } from './canaries.js';

const planted = canaries(Buffer.alloc(32, 1));

describe('leaksIn', () => {
  it.each(formsOf(planted[2]!.secret).map(({ form, written }) => [form, written] as const))(
    'finds a secret in %s',
    (_, written) => {
      const { name } = planted[2]!;
      expect(leaksIn(new Map([['table a', `x ${written} y`]]), planted)).toEqual([
        expect.stringContaining(`${name} as`),
      ]);
    },
  );

  it.each([0, 1, 2, 3, 4])('finds a secret in Base64 after %i bytes', (lead) => {
    const text = Buffer.from(`${'.'.repeat(lead)}${planted[0]!.secret} and more`).toString('base64');
    expect(leaksIn(new Map([['log', text]]), planted)).toHaveLength(1);
  });

  it('finds nothing in a mask', () => {
    const text = planted.map(({ secret }) => `${secret.slice(0, 4)}${'*'.repeat(20)}`).join('\n');
    expect(leaksIn(new Map([['log', text]]), planted)).toEqual([]);
  });
});

describe('canaries', () => {
  it('are at least sixty different secrets, each with its surrounding text', () => {
    expect(new Set(planted.map(({ secret }) => secret)).size).toBeGreaterThanOrEqual(60);
    for (const { text, secret } of planted)
      expect(formsOf(secret).some(({ written }) => text.includes(written))).toBe(true);
  });
});
