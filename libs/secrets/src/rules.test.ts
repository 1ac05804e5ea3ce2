import { RE2JS } from 're2js';

import { findSecrets } from './index.js';
import { secretRules } from './rules.js';

const key = Buffer.from('key of the tests');
const rulesIn = (path: string, text: string) =>
  findSecrets({ path, content: Buffer.from(text, 'latin1') }, key).sightings.map(({ rule }) => rule);

describe('secretRules', () => {
  it('has unique ids, lower-case keywords and examples of both kinds', () => {
    expect(new Set(secretRules.map(({ id }) => id)).size).toBe(secretRules.length);
    expect(secretRules.length).toBeGreaterThanOrEqual(180);
    for (const { id, keywords, files, matches, ignores } of secretRules) {
      expect([id, ...keywords]).toEqual([id, ...keywords.map((keyword) => keyword.toLowerCase())]);
      expect([id, keywords.length > 0 || files !== undefined]).toEqual([id, true]);
      expect([id, matches().length > 0, ignores().length > 0]).toEqual([id, true, true]);
    }
  });

  describe.each(secretRules)('$id', ({ id, matches, ignores, expression, isCarrier, examplePath = 'app/settings' }) => {
    it('matches its examples and ignores its counterexamples', () => {
      for (const text of matches()) {
        const rules = rulesIn(examplePath, text);
        expect([text, isCarrier ? rules.length > 0 : rules.includes(id)]).toEqual([text, true]);
      }
      for (const text of ignores()) expect([text, ...rulesIn(examplePath, text)]).not.toContain(id);
    });

    it('has an expression that RE2 can run', () => {
      expect(() => RE2JS.compile(expression?.source ?? '')).not.toThrow();
    });
  });
});
