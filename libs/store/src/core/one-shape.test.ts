import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { getMetadataArgsStorage } from 'typeorm';

import { tableOf } from './columns.js';
import { entities } from './entities.js';

// A table is described once, by its entity: a select list by hand would need an edit for each new
// column, and would compile without it.

const source = join(__dirname, '..');
const files = globSync(`${source}/**/*.ts`)
  .filter((path) => !path.endsWith('.test.ts') && !path.includes('/migrations/'))
  .map((path) => ({ path: relative(source, path), text: readFileSync(path, 'utf8') }));

function places(pattern: RegExp, isWrong: (match: RegExpExecArray) => boolean = () => true): string[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)]
      .filter(isWrong)
      .map((match) => `${path}:${text.slice(0, match.index).split('\n').length}: ${match[0]}`),
  );
}

describe('entities', () => {
  it('list every class with a table', () => {
    const tables = getMetadataArgsStorage().tables.map(({ target }) => target);
    expect(tables.filter((table) => !entities.some((entity) => entity === table))).toEqual([]);
  });
});

describe('SQL of the store', () => {
  it('lists no column by hand under the name of its property', () => {
    const aliases = new Set(
      entities.flatMap((entity) => tableOf(entity).columns.map(({ name, property }) => `${name} ${property}`)),
    );
    const isAlias = ([, name, property]: RegExpExecArray) => name !== property && aliases.has(`${name} ${property}`);
    expect(places(/(\w+)(?:::\w+)? AS "?(\w+)"?/g, isAlias)).toEqual([]);
  });

  it('reads rows in the shape of an entity, or as an aggregate, and never unchecked', () => {
    expect(places(/\.query<|return this\.store\.query\(/g)).toEqual([]);
  });
});
