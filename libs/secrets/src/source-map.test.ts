import { fake } from './rules/fake.js';
import { findSecrets } from './secret-search.js';
import { mappedSources } from './source-map.js';

const password = fake(16);
const settings = `// "quoted" \\ text\nexport const db = {\n  password: "${password}",\n};\n`;
const map = (sources: Record<string, string | null>) => ({
  ...{ version: 3, file: 'app.js', mappings: 'AAAA', names: ['"sources"'] },
  ...{ sources: Object.keys(sources), sourcesContent: Object.values(sources) },
});
const read = (path: string, text: string) =>
  mappedSources(path, Buffer.from(text)).map(({ name, content }) => [name, content.toString()]);
const found = (path: string, text: string) =>
  findSecrets({ path, content: Buffer.from(text) }, Buffer.alloc(32)).sightings.map((each) => [each.path, each.line]);

describe('mappedSources', () => {
  it('reads the sources of an application, without those of its libraries', () => {
    const sources = {
      'webpack://app/./src/settings.ts?1a2b': settings,
      'webpack:///./node_modules/a/index.js': settings,
      '../../src/none.ts': null,
      '../../src/\u00e9.ts': 'const text = "\u00e9";',
    };
    const expected = [
      ['src/settings.ts', settings],
      ['src/_.ts', 'const text = "\u00e9";'],
    ];
    expect(read('srv/app.js.map', JSON.stringify(map(sources)))).toEqual(expected);
    expect(read('srv/app.js.map', JSON.stringify(map(sources), null, 2))).toEqual(expected);
    const parts = { version: 3, sections: [{ map: map(sources) }, { map: map(sources) }] };
    expect(read('srv/app.js.map', JSON.stringify(parts))).toEqual([...expected, ...expected]);
  });

  it('reads maps behind the code', () => {
    const encoded = Buffer.from(JSON.stringify(map({ 'a.js': settings }))).toString('base64');
    const comment = `//# sourceMappingURL=data:application/json;charset=utf-8;base64,${encoded}`;
    expect(read('srv/app.js', `run();\n${comment}\n`)).toEqual([['a.js', settings]]);
    expect(read('srv/app.js', `eval("run();${comment}\\n");`)).toEqual([['a.js', settings]]);
    expect(read('srv/app.js', '//# sourceMappingURL=data:application/json')).toEqual([]);
  });

  it.each([
    '{"sourcesContent":["',
    '{"sourcesContent":["a\\',
    '{"sources":[}',
    '"sourcesContent":[["\\u12"',
    '"sourcesContent"',
  ])('reads nothing from the damaged map %s', (text) => {
    expect(read('srv/app.js.map', text)).toEqual([]);
  });

  it('gives a secret the place of its source, and one in the code its own', () => {
    const text = JSON.stringify(map({ './src/settings.js': settings, './.env': 'DB_PASSWORD=blau-brot7\n' }));
    expect(found('srv/app.js.map', text)).toEqual([
      ['srv/app.js.map!/src/settings.js', 3],
      ['srv/app.js.map!/.env', 1],
    ]);
    const token = `ghp_${fake(36)}`;
    expect(found('srv/app.js.map', JSON.stringify(map({ 'a.js': `use("${token}");` })))).toEqual([
      ['srv/app.js.map', 1],
    ]);
  });
});
