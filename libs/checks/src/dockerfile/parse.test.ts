import { TidewaiterError } from '@tidewaiter/domain';
import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { checkDockerfile } from './dockerfile-checks.js';
import { dockerfileLimits, parseDockerfile } from './parse.js';

const now = new Date('2026-11-28T12:00:00Z');

const parse = (text: string) => parseDockerfile(text, 'Dockerfile');
const shape = (text: string) => parse(text).instructions.map(({ keyword, text, line }) => [line, keyword, text]);

describe('parseDockerfile', () => {
  // From the rules and examples of https://docs.docker.com/reference/dockerfile/
  it.each([
    [
      'FROM a\nrun b c',
      [
        [1, 'FROM', 'a'],
        [2, 'RUN', 'b c'],
      ],
    ],
    [
      '\uFEFFFROM a\r\nRUN b \\\r\n  c\r\n',
      [
        [1, 'FROM', 'a'],
        [2, 'RUN', 'b   c'],
      ],
    ],
    ['# one\n\n  # two\n   FROM a', [[4, 'FROM', 'a']]],
    [
      'FROM a\nRUN b \\\n# comment\n\n   # another\n  c',
      [
        [1, 'FROM', 'a'],
        [2, 'RUN', 'b   c'],
      ],
    ],
    ['RUN echo # no comment', [[1, 'RUN', 'echo # no comment']]],
    ['RUN echo "\\\n     hello\\\n     world"', [[1, 'RUN', 'echo "     hello     world"']]],
    [
      'COPY a c:\\\\\nRUN dir',
      [
        [1, 'COPY', 'a c:\\\\'],
        [2, 'RUN', 'dir'],
      ],
    ],
    ['RUN a \\  \n b', [[1, 'RUN', 'a  b']]],
    [
      '# escape=`\nCOPY a c:\\\nRUN dir `\n  c:\\',
      [
        [2, 'COPY', 'a c:\\'],
        [3, 'RUN', 'dir   c:\\'],
      ],
    ],
    ['# note\n# escape=`\nRUN a \\\n b', [[3, 'RUN', 'a  b']]],
    ['RUN a \\', [[1, 'RUN', 'a']]],
    ['ONBUILD RUN a', [[1, 'RUN', 'a']]],
  ])('parses %j', (text, expected) => {
    expect(shape(text)).toEqual(expected);
  });

  it.each([
    ['# syntax=docker/dockerfile:1\n# escape=`\nFROM a', { syntax: 'docker/dockerfile:1', escape: '`' }],
    ['#  Syntax = a/b\nFROM a', { syntax: 'a/b' }],
    ['FROM a\n# syntax=b', {}],
    ['\n# syntax=b', {}],
    ['# syntax=a\n# syntax=b', { syntax: 'a' }],
    ['# unknown=a\n# syntax=b', {}],
  ])('parses the directives of %j', (text, expected) => {
    expect(Object.fromEntries(parse(text).directives)).toEqual(expected);
  });

  it.each([
    [
      'RUN --mount=type=secret,id=a --mount=type=cache,target=/c --network=none make --x',
      { mount: ['type=secret,id=a', 'type=cache,target=/c'], network: ['none'] },
      'make --x',
    ],
    ['COPY --from=build --link a b', { from: ['build'], link: [''] }, 'a b'],
    ['FROM --platform=$BUILDPLATFORM a AS b', { platform: ['$BUILDPLATFORM'] }, 'a AS b'],
    ['COPY -- --a b', {}, '--a b'],
    ['COPY --chmod="7 5" a b', { chmod: ['"7 5"'] }, 'a b'],
    ['CMD --x', {}, '--x'],
  ])('parses the flags of %j', (text, flags, rest) => {
    const [instruction] = parse(text).instructions;
    expect(Object.fromEntries(instruction!.flags)).toEqual(flags);
    expect(instruction!.text).toBe(rest);
  });

  it.each([
    ['CMD ["a", "b c"]', ['a', 'b c']],
    ['RUN [ "a" ]', ['a']],
    ['HEALTHCHECK --timeout=1s CMD ["a"]', ['a']],
    ["CMD ['a']", undefined],
    ['CMD ["a", 1]', undefined],
    ['CMD ["a"', undefined],
    ['RUN [ -f a ]', undefined],
    ['USER ["a"]', undefined],
  ])('parses the JSON form of %j', (text, expected) => {
    expect(parse(text).instructions[0]!.json).toEqual(expected);
  });

  it.each([
    ['RUN <<EOF\na\n# kept\nb \\\nEOF\nRUN c', [['EOF', 0, true, 'a\n# kept\nb \\']]],
    ['RUN <<-EOF\n\ta\n\t\tb\n\tEOF\nRUN c', [['EOF', 0, true, 'a\nb']]],
    ['RUN <<"EOF"\n$a\nEOF\nRUN c', [['EOF', 0, false, '$a']]],
    [
      "RUN cat <<'A' 3<<B > /x\n1\nA\n2\nB\nRUN c",
      [
        ['A', 0, false, '1'],
        ['B', 3, true, '2'],
      ],
    ],
    [
      'COPY <<a.txt <<b.txt /dir/\n1\na.txt\n2\nb.txt\nRUN c',
      [
        ['a.txt', 0, true, '1'],
        ['b.txt', 0, true, '2'],
      ],
    ],
    ['ONBUILD RUN <<EOF\nx\nEOF\nRUN c', [['EOF', 0, true, 'x']]],
    ['RUN <<EOF\nFROM evil\nEOF\nRUN c', [['EOF', 0, true, 'FROM evil']]],
    ['RUN <<EOF\nEOF\nRUN c', [['EOF', 0, true, '']]],
    ['RUN cat <<< word\nRUN c', []],
    ['CMD <<EOF\nRUN c', []],
  ])('parses the here-documents of %j', (text, expected) => {
    const { instructions, warnings } = parse(text);
    expect(
      instructions[0]!.heredocs.map(({ name, fileDescriptor, isExpanded, content }) => [
        name,
        fileDescriptor,
        isExpanded,
        content,
      ]),
    ).toEqual(expected);
    expect(instructions[1]).toMatchObject({ keyword: 'RUN', text: 'c' });
    expect(warnings).toEqual([]);
  });

  it('names the line that it cannot parse', () => {
    const { findings, warnings } = checkDockerfile(
      'FROM a:1\nUSER root\nINSTALL vim\nRUN <<EOF\nsudo x\n',
      'a/Dockerfile',
      now,
    );
    expect(warnings).toEqual([
      { code: 'DOCKERFILE_UNKNOWN_INSTRUCTION', path: 'a/Dockerfile', message: 'line 3: INSTALL is no instruction' },
      { code: 'DOCKERFILE_HEREDOC_OPEN', path: 'a/Dockerfile', message: expect.stringContaining('line 4') },
    ]);
    expect(findings).toContainEqual(expect.objectContaining({ id: 'dockerfile-root-user' }));
    expect(findings).toContainEqual(expect.objectContaining({ id: 'dockerfile-sudo' }));
  });

  it.each(['', '# only a comment', 'RUN a', 'ARG A=1', '{"a": 1}', '\0\u0001', 'ONBUILD FROM a'])(
    'rejects %j, which has no stage',
    (text) => {
      expect(() => checkDockerfile(text, 'Dockerfile', now)).toThrow(
        expect.objectContaining({ code: 'MALFORMED_FILE' }),
      );
    },
  );

  it.each([
    ['maxFileLength', 'FROM a\n'.padEnd(dockerfileLimits.maxFileLength + 1, '#')],
    ['maxInstructions', 'RUN a\n'.repeat(dockerfileLimits.maxInstructions + 1)],
    ['maxStages', 'FROM a\n'.repeat(dockerfileLimits.maxStages + 1)],
    ['maxExpandedLength', `FROM a\nENV A=${'x'.repeat(64)}\n${'ENV A=$A$A\n'.repeat(40)}`],
    ['maxExpandedLength', `FROM a\nENV A=${'x'.repeat(10_000)}\nENV ${'B=$A '.repeat(2000)}`],
  ])('enforces %s', (limit, text) => {
    expect(() => checkDockerfile(text, 'Dockerfile', now)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', limit }),
    );
  });

  const million = 1024 * 1024 - 100;

  it.each([
    ['open substitutions', `FROM a\nRUN ${'$('.repeat(million / 2)}`],
    ['open quotes', `FROM a\nRUN ${`"'`.repeat(million / 2)}`],
    ['nested braces', `FROM a\nENV A=${'${A:-'.repeat(million / 5)}`],
    ['continuations', `FROM a\nRUN ${'\\\n'.repeat(million / 2)}`],
    ['spaces', `FROM a\nRUN ${' '.repeat(million)}x`],
    ['here-documents', `FROM a\n${'RUN <<A\nA\n'.repeat(9_999)}`],
    ['open here-documents', `FROM a\nRUN ${'<<A '.repeat(million / 4)}`],
    ['pipes', `FROM a\nRUN ${'curl|'.repeat(million / 5)}`],
    ['dashes', `FROM a\nCOPY ${'--a '.repeat(million / 4)}`],
    ['equals signs', `FROM a\nENV ${'='.repeat(million)}`],
    ['mail addresses', `FROM a\nENV A=http://${'a:'.repeat(million / 2)}`],
    ['sudo', `FROM a\nRUN ${'sudo '.repeat(million / 5)}`],
    ['stages', `FROM a AS b\n${'ENV A=1\n'.repeat(9_000)}${'FROM b AS b\n'.repeat(249)}`],
  ])('ends with many %s', (_, text) => {
    expect(codeOf(() => checkDockerfile(text, 'Dockerfile', now))).toMatch(/^(?:read|LIMIT_EXCEEDED)$/);
  });

  /** Returns `read`, or the error code; any other error is a bug. */
  function codeOf(read: () => unknown): string {
    try {
      read();
      return 'read';
    } catch (error) {
      if (error instanceof TidewaiterError) return error.code;
      throw error;
    }
  }

  it('throws only its own errors for any text', () => {
    const words = [
      'FROM',
      'RUN',
      'COPY',
      'ENV',
      'ARG',
      'ONBUILD',
      '--mount=',
      '<<EOF',
      '<<-"A B"',
      'EOF',
      '\\',
      '`',
      '\n',
      ' ',
      '${',
      '}',
      ':-',
      '"',
      "'",
      '$(',
      ')',
      '[',
      ']',
      '|',
      '&&',
      '#',
      '=',
      '__proto__',
      'constructor',
      '0',
      '\0',
      '\ud800',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ unit: anyCharacter, maxLength: 4 })), {
          maxLength: 60,
        }),
        (parts) => {
          codeOf(() => checkDockerfile(`FROM a\n${parts.join('')}`, 'Dockerfile', now));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
