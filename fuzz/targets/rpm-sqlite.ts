import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const rpmSqlite: Target = {
  name: 'rpm-sqlite',
  run: (input) => readFiles(input, 'var/lib/rpm/rpmdb.sqlite', 'var/lib/rpm/rpmdb.sqlite-wal'),
};
