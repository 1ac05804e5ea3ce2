import { isInProgramComment } from './comments.js';

const isIn = (path: string, text: string) => isInProgramComment(path, text, text.indexOf('VALUE'));

describe('isInProgramComment', () => {
  it.each([
    ['a.js', '// see postgres://app:VALUE@db\n'],
    ['a.ts', 'const a = 1; // VALUE\n'],
    ['a.ts', '/**\n * postgres://app:VALUE@db\n */'],
    ['a.js', '/* line\n   VALUE */'],
    ['a.py', '# VALUE'],
    ['a.py', 'def f():\n  """Connects.\n\n  postgres://app:VALUE@db\n  """\n'],
    ['a.py', "EXAMPLES = r'''\n- name: a\n  key: VALUE\n'''\n"],
    ['a.py', "'''Quotes \"\"\" in text.\n\n  VALUE\n'''\n"],
    ['a.rb', '  # mysql2://app:VALUE@db'],
    ['a.php', '* VALUE'],
    ['a.py', '    >>> conf.direct = "mysql://root:VALUE@127.0.0.1/a"'],
  ])('recognizes a comment in %s: %j', (path, text) => {
    expect(isIn(path, text)).toBe(true);
  });

  it.each([
    ['a.js', 'const url = "https://VALUE"'],
    ['a.js', 'const url = "postgres://app:VALUE@db"'],
    ['a.py', '"""Text."""\nURL = "VALUE"'],
    ['a.py', "'''Text.'''\nURL = 'VALUE'"],
    ['a.py', "'''Has \"\"\" once.'''\nURL = 'VALUE'"],
    ['a.py', "KEY = '''VALUE'''"],
    ['a.py', 'KEY = """\n  VALUE\n"""'],
    ['a.js', '/* a */ const b = "VALUE"'],
    ['a.js', 'const glob = "src/**";\nconst url = "postgres://app:VALUE@db"'],
    ['.env', '# DATABASE_URL=postgres://app:VALUE@db'],
    ['a.yaml', '# password: VALUE'],
    ['a.sh', '# export TOKEN=VALUE'],
  ])('recognizes none in %s: %j', (path, text) => {
    expect(isIn(path, text)).toBe(false);
  });
});
