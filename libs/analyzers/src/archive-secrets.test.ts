import { overlay } from '@tidewaiter/oci';
import { tarArchive, zipArchive, type TarEntry } from '@tidewaiter/testkit';

import { analyzeLayer, fileFindings } from './index.js';

const secretKey = Buffer.alloc(32, 1);
const password = ['grau', 'brot77xQ'].join('');
const settings = {
  name: 'BOOT-INF/classes/application.properties',
  content: `spring.datasource.password=${password}\n`,
};
const jar = (...files: { name: string; content: string | Buffer }[]) =>
  zipArchive([{ name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\n' }, ...files]);

async function look(...tars: TarEntry[][]) {
  const read = tars.map((entries) => {
    async function* blob(): AsyncGenerator<Uint8Array> {
      yield tarArchive(entries);
    }
    return analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar', secretKey });
  });
  const layers = await Promise.all(read);
  const findings = fileFindings(layers, overlay(layers.map(({ entries }) => entries)), { secretKey });
  return {
    found: findings.map(({ id, path, state }) => `${id} ${path} ${state}`),
    warnings: layers.flatMap(({ facts }) => facts.warnings.map(({ code, path }) => `${code} ${path}`)),
  };
}

describe('searchArchive', () => {
  it.each<[string, string, Buffer, string]>([
    ['a jar', 'app.jar', jar(settings), 'app.jar!/BOOT-INF/classes/application.properties'],
    [
      'a zip',
      'function.zip',
      zipArchive([{ ...settings, name: '.env', content: `DB_PASSWORD=${password}\n` }]),
      'function.zip!/.env',
    ],
    [
      'a war in an ear',
      'shop.ear',
      jar({ name: 'shop.war', content: jar({ ...settings, name: 'WEB-INF/classes/application.properties' }) }),
      'shop.ear!/shop.war!/WEB-INF/classes/application.properties',
    ],
    [
      'a wheel',
      'shop-1.0-py3-none-any.whl',
      jar({ ...settings, name: 'a.properties' }),
      'shop-1.0-py3-none-any.whl!/a.properties',
    ],
    [
      'an archive that is a program',
      'app.jar',
      Buffer.concat([Buffer.from('#!/bin/bash\nexec java -jar "$0"\n'), jar(settings)]),
      'app.jar!/BOOT-INF/classes/application.properties',
    ],
  ])('finds the secrets in %s', async (_, path, content, expected) => {
    expect(await look([{ path, content }])).toEqual({ found: [`generic-password ${expected} present`], warnings: [] });
  });

  it('searches all files of a zip of any name but those of packages and of known binary formats', async () => {
    const token = ['ghp', 'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3'].join('_');
    const use = (number: number) => `use("${token.slice(0, -1)}${number}")\n`;
    const program = Buffer.from(`\x7fELF${'\0'.repeat(600)}${use(9)}\0`, 'latin1');
    const files = ['index.mjs', 'src/main.go', 'templates/a.html', 'node_modules/a/index.js', 'logo.png'];
    const archived = zipArchive([
      ...files.map((name, at) => ({ name, content: use(at) })),
      { name: 'bootstrap', content: program },
    ]);
    for (const path of ['opt/function.zip', 'opt/function']) {
      const { found } = await look([{ path, content: archived }]);
      const searched = ['bootstrap', 'index.mjs', 'src/main.go', 'templates/a.html'];
      expect(found.toSorted()).toEqual(searched.map((name) => `github-pat ${path}!/${name} present`));
    }
    const web = jar(...['BOOT-INF/classes/static/a.js', 'static/b.js'].map((name, at) => ({ name, content: use(at) })));
    expect((await look([{ path: 'a.jar', content: web }])).found).toEqual([
      'github-pat a.jar!/BOOT-INF/classes/static/a.js present',
    ]);
    for (const path of ['usr/lib/jvm/a/lib/src.zip', 'root/go/pkg/mod/cache/download/a.io/b/@v/v1.0.0.zip'])
      expect((await look([{ path, content: archived }])).found).toEqual([]);
  });

  it('marks a secret of an archive as shadowed when a later layer removes the archive', async () => {
    const { found } = await look([{ path: 'app.jar', content: jar(settings) }], [{ path: '.wh.app.jar' }]);
    expect(found).toEqual([`generic-password app.jar!/${settings.name} shadowed`]);
  });

  it('skips code, licenses and build files', async () => {
    const content = `password = "${password}"\n`;
    const names = ['a/B.class', 'LICENSE.txt', 'META-INF/maven/a/b/pom.xml', 'static/app.js'];
    expect(await look([{ path: 'a.jar', content: jar(...names.map((name) => ({ name, content }))) }])).toEqual({
      found: [],
      warnings: [],
    });
  });

  it('warns about an unreadable archive and reads the others', async () => {
    const { found, warnings } = await look([
      { path: 'a.zip', content: 'PK no archive' },
      { path: 'b.zip', content: jar(settings) },
    ]);
    expect(found).toHaveLength(1);
    expect(warnings).toEqual(['MALFORMED_FILE a.zip']);
  });

  it('continues after an unreadable part', async () => {
    const broken = { name: 'broken.war', content: 'PK no archive' };
    const { found } = await look([{ path: 'a.ear', content: jar(broken, settings) }]);
    expect(found).toEqual([`generic-password a.ear!/${settings.name} present`]);
  });

  it('ends with a warning above its limits', async () => {
    const files = Array.from({ length: 20_001 }, (_, number) => ({ name: `${number}.properties`, content: '' }));
    const { warnings } = await look([{ path: 'a.zip', content: jar(settings, ...files) }]);
    expect(warnings).toEqual(['SECRET_SEARCH_CUT a.zip']);
  });

  it('prints names of an archive on one line', async () => {
    const { found } = await look([{ path: 'a.zip', content: jar({ ...settings, name: 'a\nb\u001b[0m/.env' }) }]);
    expect(found.join()).not.toMatch(/[\p{Cc}]/u);
    expect(found).toHaveLength(1);
  });
});
