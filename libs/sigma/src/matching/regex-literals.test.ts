import * as fc from 'fast-check';

import { literalsOf } from './regex-literals.js';
import { compileRegex } from './regex.js';

describe('literalsOf', () => {
  it.each([
    ['curl', ['curl']],
    ['(curl|wget) .*https', ['https']],
    ['(^|[ /])(curl|wget) ', ['curl ', 'wget ']],
    ['(?i)Stratum\\+tcp', ['tratum+tcp']],
    ['colou?r', ['color', 'colour']],
    ['(abc)+x', ['abc']],
    ['(abc)*xyz', ['xyz']],
    ['/dev/(tcp|udp)/', ['/dev/tcp/', '/dev/udp/']],
    ['\\.sock$', ['.sock']],
    ['xm(rig|r-stak)', ['xmrig', 'xmr-stak']],
    ['abc?def', ['abcdef', 'abdef']],
    ['/python3\\.([5-9])/site', ['/python3.']],
    ['a{2}bcd', ['bcd']],
    ['[abc]def', ['adef', 'bdef', 'cdef']],
  ])('%s needs one of %j', (source, literals) => {
    expect(literalsOf({ source, flags: '' })?.toSorted()).toEqual([...literals].toSorted());
  });

  it.each(['.*', '[a-z]+', '(abc)?', 'a|b', '\\pL+', '(?i:x)yz', 'ab', '\\x41bc', '(foo|.*)', '(?:', '^$'])(
    'of %s nothing is known',
    (source) => {
      expect(literalsOf({ source, flags: '' })).toBeUndefined();
    },
  );

  const word = fc.stringMatching(/^[A-Ka-k /.-]{1,4}$/).map((text) => text.replaceAll('.', '\\.'));
  const { regex } = fc.letrec<{ regex: string; part: string }>((tie) => ({
    regex: fc.oneof({ maxDepth: 4 }, word, tie('part')),
    part: fc.oneof(
      fc.tuple(tie('regex'), tie('regex')).map(([a, b]) => a + b),
      fc.tuple(tie('regex'), tie('regex')).map(([a, b]) => `(${a}|${b})`),
      fc
        .tuple(tie('regex'), fc.constantFrom('?', '*', '+', '{2}', '{0,1}'))
        .map(([a, quantifier]) => `(${a})${quantifier}`),
      tie('regex').map((a) => `${a}.*`),
      tie('regex').map((a) => `[ab]${a}`),
    ),
  }));

  it('never asks for more than the expression does', () => {
    const text = fc.stringMatching(/^[A-Ka-k /.-]{0,24}$/);
    fc.assert(
      fc.property(
        regex,
        fc.array(text, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('', 'i'),
        (source, texts, flags) => {
          const literals = literalsOf({ source, flags });
          if (literals === undefined) return;
          const compiled = compileRegex({ source, flags });
          for (const each of texts) {
            const holds = literals.some((literal) => each.toLowerCase().includes(literal));
            if (compiled.matcher(each).find()) expect(holds).toBe(true);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
