import { MalformedFile } from '@tidewaiter/domain';

import { isToken } from '../package-database.js';
import { isSqlite, type Row, sqliteRows } from '../rpm/sqlite.js';

/** Repositories of packages that were there before, or come from no repository. */
const noRepository = /^@/;
/** Limit on rows of a table: an installation of years has some 50,000. */
const maxRows = 200_000;

/**
 * Repositories that dnf 4 installed packages from, by `name-version-release.arch`.
 * @see https://github.com/rpm-software-management/libdnf, libdnf/transaction/sql/create.sql
 * @throws MalformedFile for another file
 */
export function readHistory(content: Buffer): [nevra: string, repository: string][] {
  if (!isSqlite(content)) throw new MalformedFile('no history of dnf');
  const names = new Map(rows(content, 'repo').map(({ id, values }) => [id, textOf(values[1])]));
  const repositories = new Map<number, string>();
  for (const { values } of rows(content, 'trans_item')) {
    const [, , item, repository] = values;
    const name = names.get(Number(repository ?? -1)) ?? '';
    if (typeof item === 'number' && name !== '' && !noRepository.test(name)) repositories.set(item, name);
  }
  return rows(content, 'rpm').flatMap(({ values: [item, name, , version, release, arch] }) => {
    const repository = repositories.get(Number(item));
    const nevra = `${textOf(name)}-${textOf(version)}-${textOf(release)}.${textOf(arch)}`;
    return repository === undefined || !isToken(nevra) ? [] : [[nevra, repository]];
  });
}

function rows(content: Buffer, table: string): Row[] {
  const found: Row[] = [];
  for (const row of sqliteRows(content, table)) {
    if (row !== 'unreadable') found.push(row);
    if (found.length > maxRows) throw new MalformedFile(`table of more than ${maxRows} rows`);
  }
  return found;
}

function textOf(value: Row['values'][number] | undefined): string {
  const text = Buffer.isBuffer(value) ? '' : String(value ?? '');
  return isToken(text) ? text : '';
}
