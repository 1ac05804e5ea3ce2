import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { streams } from '@tidewaiter/events';

const root = resolve(__dirname, '../..');
const skipped = new Set(['node_modules', 'dist', '.git', '.tidewaiter', 'fixtures']);

function files(folder: string, ending: RegExp, without: ReadonlySet<string> = skipped): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (without.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return files(path, ending, without);
    return ending.test(entry.name) ? [path] : [];
  });
}

const relativePaths = files(root, /./, new Set([...skipped].filter((name) => name !== 'fixtures'))).map((path) =>
  path.slice(root.length + 1),
);

/** Documents of users and contributors, without those of tools and fixtures. */
const documents = relativePaths.filter((path) => /^(?:[A-Z]+|docs\/.+|rules\/README|deploy\/.+)\.md$/.test(path));

/** Pages of `npm run docs`; their words come from code. */
const isGenerated = (text: string): boolean =>
  /(?:Made|Generated|Made from .+) (?:by|from)[^\n]*`npm run docs`/.test(text.slice(0, 400));

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const withoutFences = (text: string): string => text.replaceAll(/^ *```[^]*?^ *```$/gm, '');

/** Anchors of the headings of a page, as GitHub makes them. */
function headingsOf(text: string): Set<string> {
  const headings = [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(headings);
}

describe('docs', () => {
  it.each(files(root, /\.md$/).map((path) => [path.slice(root.length + 1), path]))(
    '%s links to files and headings that exist',
    (_, path) => {
      const text = withoutFences(readFileSync(path, 'utf8'));
      const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?[^)]*\)/g)];
      const broken = links.filter(([, link = '', anchor]) => {
        const target = link === '' ? path : resolve(dirname(path), link);
        if (!existsSync(target)) return true;
        return anchor !== undefined && target.endsWith('.md') && !headingsOf(readFileSync(target, 'utf8')).has(anchor);
      });
      expect(broken.map(([link]) => link)).toEqual([]);
    },
  );

  const variable = /\bTIDEWAITER_[A-Z][A-Z_]*[A-Z]\b/g;
  const streamNames = new Set(streams.map(({ name }) => name));

  /** The variables that files name; one stands for its `_FILE` twin. */
  function variablesIn(paths: readonly string[]): Set<string> {
    const names = paths.flatMap((path) => readFileSync(path, 'utf8').match(variable) ?? []);
    return new Set(names.filter((name) => !streamNames.has(name)).map((name) => name.replace(/_FILE$/, '')));
  }

  const documented = variablesIn([join(root, 'docs/configuration.md')]);
  const folders = ['libs', 'services', 'cli'].map((folder) => join(root, folder));

  it('docs/configuration.md names every variable that the product reads', () => {
    const read = variablesIn(folders.flatMap((folder) => files(folder, /(?<!\.test)\.ts$/)));
    expect(read).toContain('TIDEWAITER_DATABASE_URL');
    expect([...read.difference(documented)]).toEqual([]);
  });

  it('docs/configuration.md names no unused variable', () => {
    const code = folders.flatMap((folder) => files(folder, /\.ts$/));
    const read = variablesIn([...code, join(root, 'docker-compose.yml')]);
    expect([...documented.difference(read)]).toEqual([]);
  });
});

describe('docs/metrics.md', () => {
  it('lists every metric: all are in the catalog that it is generated from', () => {
    const code = ['libs', 'services'].flatMap((folder) => files(join(root, folder), /(?<!\.test)\.ts$/));
    const registering = code.filter((path) => /new (?:Counter|Gauge|Histogram)[<(]/.test(readFileSync(path, 'utf8')));
    expect(registering.map((path) => path.slice(root.length + 1))).toEqual(['libs/runtime/src/metrics.ts']);
  });
});

describe('paths in documents', () => {
  const folders = new Set(relativePaths.flatMap((path) => parentsOf(path)));
  const topFolders = [
    'bench',
    'cli',
    'deploy',
    'docs',
    'e2e',
    'fuzz',
    'libs',
    'rules',
    'services',
    'tools',
    '.ci',
    '.github',
  ];
  const known = [...relativePaths, ...folders];

  function parentsOf(path: string): string[] {
    const parts = path.split('/').slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  }

  /** Text of code spans that can only mean a file or folder of this repository. */
  function pathsIn(text: string): string[] {
    const spans = [...withoutFences(text).matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, span]) => span ?? '');
    return spans.filter((span) => {
      if (/[\s=:$"'(]|^-|^https?:|^\/|^~|\bdist\//.test(span)) return false;
      return (
        topFolders.some((folder) => span.startsWith(`${folder}/`)) || /^[\w./<>{},*-]+\.(?:ts|mjs|cjs|md)$/.test(span)
      );
    });
  }

  /** `<name>` and `*` stand for one part of a path or less, `{a,b}` for alternatives. */
  function expressionOf(span: string): RegExp {
    const source = span.replace(/\/$/, '').replaceAll(/<[^>]+>|\*\*|\*|\{[^}]+\}|[.+?^$()|[\]\\]/g, (token) => {
      if (token === '**') return '.+';
      if (token === '*' || token.startsWith('<')) return '[^/]+';
      return token.startsWith('{')
        ? `(?:${token.slice(1, -1).replaceAll('.', '\\.').replaceAll(',', '|')})`
        : `\\${token}`;
    });
    return new RegExp(`(?:^|/)${source}$`);
  }

  it.each(documents)('%s names files and folders that exist', (document) => {
    const missing = pathsIn(read(document)).filter((span) => {
      const expression = expressionOf(span);
      return !known.some((path) => expression.test(path));
    });
    expect(missing).toEqual([]);
  });

  it.each([
    ['`libs/nowhere/src/a.ts`', ['libs/nowhere/src/a.ts']],
    ['`libs/<kind>/` and `apk.ts`', ['libs/<kind>/', 'apk.ts']],
    ['`npm run docs`, `kind: a/b.md`, `.dist-info/METADATA`, `/etc/hosts`', []],
  ])('reads the paths of %s', (text, paths) => {
    expect(pathsIn(text)).toEqual(paths);
  });

  it('matches placeholders and alternatives', () => {
    expect(expressionOf('services/scanner/src/{push,layer}/').test('services/scanner/src/layer')).toBe(true);
    expect(expressionOf('libs/<lib>/package.json').test('libs/oci/package.json')).toBe(true);
    expect(expressionOf('libs/<lib>/package.json').test('libs/oci/src/package.json')).toBe(false);
  });
});

describe('docs/decisions', () => {
  const records = relativePaths.filter((path) => /^docs\/decisions\/\d{4}-[a-z0-9-]+\.md$/.test(path)).toSorted();
  const index = read('docs/decisions/README.md');

  it('has nothing but records with different numbers and their index', () => {
    const names = relativePaths.filter((path) => path.startsWith('docs/decisions/'));
    expect(names.toSorted()).toEqual([...records, 'docs/decisions/README.md'].toSorted());
    expect(new Set(records.map((path) => path.slice(0, 19))).size).toBe(records.length);
  });

  it.each(records)('%s has the form of a record and a row in the index', (path) => {
    const text = read(path);
    const number = Number(/(\d{4})/.exec(path)?.[1]);
    const [, title, status, date] =
      /^# \d+\. (.+)\n\n- Status: ((?:accepted|superseded by \[\d+\]\([^)]+\)).*)\n- Date: (\d{4}-\d\d-\d\d)\n\n/.exec(
        text,
      ) ?? [];
    expect(text).toMatch(new RegExp(`^# ${number}\\. `));
    expect(status).toBeDefined();
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual([
      'Context',
      'Decision',
      'Consequences',
    ]);
    expect(index).toContain(
      `| [${number}](${path.slice('docs/decisions/'.length)}) | ${title} | ${status?.split('; ')[0]} | ${date} |`,
    );
  });
});

describe('style of documents', () => {
  const pages = documents.filter((path) => !/CHANGELOG/.test(path) && !isGenerated(read(path)));
  const withoutCode = (text: string): string => withoutFences(text).replaceAll(/`[^`\n]*`/g, '`code`');

  it.each(pages)('%s has short cells and paragraphs', (path) => {
    const lines = withoutFences(read(path)).split('\n');
    const cells = lines
      .filter((line) => /^ *\|/.test(line))
      .flatMap((line) => line.split(/(?<!\\)\|/))
      .map((cell) => cell.trim().replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    expect(cells.filter((cell) => cell.length > 165)).toEqual([]);
    const paragraphs = withoutFences(read(path)).split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) |\|)/);
    expect(paragraphs.filter((text) => !/^ *[|#]/.test(text) && text.trim().split('\n').length > 5)).toEqual([]);
  });

  it.each(pages)('%s uses the words of the glossary', (path) => {
    const found = withoutCode(read(path)).match(
      /\b(?:tells?|told|telling|nobody|somebody|whoever|mended|strangers?)\b/gi,
    );
    expect(found ?? []).toEqual([]);
  });
});
