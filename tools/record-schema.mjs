// Writes the schema after all migrations to libs/store/src/migrations/previous-release.json. Run by
// `npm run release`: the services of a release must work on the schema of the next one, and
// schema.integration.test.ts compares the two.
import { writeFileSync } from 'node:fs';

import { Secret } from '@tidewaiter/domain';
import { connect } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

import { shapeOf } from '../libs/store/dist/core/schema-shape.js';

const servers = await throwAwayServers({ postgres: true });
try {
  const url = new Secret(await servers.postgres.createDatabase());
  const dataSource = await connect({ url, poolSize: 2, name: 'record-schema' });
  const tables = Object.entries(await shapeOf(dataSource)).map(([table, columns]) => {
    const lines = Object.entries(columns).map(([name, shape]) => `    ${JSON.stringify(name)}: ${spaced(shape)}`);
    return `  ${JSON.stringify(table)}: {\n${lines.join(',\n')}\n  }`;
  });
  await dataSource.destroy();
  const path = new URL('../libs/store/src/migrations/previous-release.json', import.meta.url);
  writeFileSync(path, `{\n${tables.join(',\n')}\n}\n`);
} finally {
  await servers.stop();
}

function spaced({ type, nullable, filled }) {
  return `{ "type": ${JSON.stringify(type)}, "nullable": ${nullable}, "filled": ${filled} }`;
}
