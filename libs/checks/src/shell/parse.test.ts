import { parseScript } from './parse.js';

const shape = (text: string) =>
  parseScript(text).pipelines.map((pipeline) =>
    pipeline.map(({ name, args }) => [name, ...args].join(' ')).join(' | '),
  );

describe('parseScript', () => {
  it.each([
    ['a b c', ['a b c']],
    ['a && b || c; d & e\nf', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['a | b |& c', ['a | b | c']],
    [`a 'b c' "d \\"e\\" f" g\\ h`, ['a b c d "e" f g h']],
    ['a \\\n b', ['a b']],
    ['a > b 2>&1 < c >> d &> e', ['a']],
    ['a # b\nc', ['a', 'c']],
    ['a#b', ['a#b']],
    ['if a; then b; else c; fi', ['a', 'b', 'c']],
    ['for x in 1 2; do a $x; done', ['for x in 1 2', 'a $x']],
    ['(a; b) | c', ['a', 'b | c']],
    ['{ a; b; }', ['a', 'b']],
    ['A=1 B=2 c', ['c']],
    ['a $(b c) d', ['a $(b c) d', 'b c']],
    ['a "$(b "$(c)")"', ['a $(b "$(c)")', 'b $(c)', 'c']],
    ['a `b`', ['a `b`', 'b']],
    ['a <(b)', ['a <(b)', 'b']],
    ['sh -c "a; b" && bash -ec c', ['sh -c a; b', 'bash -ec c', 'a', 'b', 'c']],
    ['eval "a b"', ['eval a b', 'a b']],
    ['cat <<EOF > x\nsudo a\nEOF\nb', ['cat', 'b']],
    ['bash <<-X\n\ta\n\tX\nb', ['bash', 'b', 'a']],
    ["cat <<'A' <<B\n1\nA\n2\nB\nc", ['cat', 'c']],
    ['cat <<< word; a', ['cat', 'a']],
    ['sudo -u app -E /usr/bin/a b', ['a b']],
    ['env -u X A=1 a b', ['a b']],
    ['timeout -k 1 5 a', ['a']],
    ['find . | xargs -n 1 rm -f', ['find . | rm -f']],
    ['echo ${A:-b c} d', ['echo ${A:-b c} d']],
    ['echo "a', ['echo a']],
    ["echo 'a", ['echo a']],
    ['echo $(a', ['echo $(a)', 'a']],
    ['a $((1 + 2))', ['a $((1 + 2))', '1 + 2']],
    ['', []],
    ['&& | ;', []],
  ])('parses %j', (text, expected) => {
    expect(shape(text)).toEqual(expected);
  });

  it('returns wrappers and assignments of a command', () => {
    const [command] = parseScript('A=1 sudo -E env B=2 /bin/c d').commands;
    expect(command).toMatchObject({ name: 'c', args: ['d'], wrappers: ['sudo', 'env'], assignments: ['A=1', 'B=2'] });
  });

  it('parses nested scripts up to a limit', () => {
    const nested = `${'$(a '.repeat(50)}${')'.repeat(50)}`;
    expect(parseScript(nested).commands.length).toBeLessThan(10);
  });
});
