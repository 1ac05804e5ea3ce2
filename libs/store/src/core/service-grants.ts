import type { Secret } from '@tidewaiter/domain';
import { type EntityManager, getMetadataArgsStorage } from 'typeorm';

import { entities } from './entities.js';
import { appendedTables, mayWrite, type RoleService, roleServices, tableReaders } from './table-access.js';

/** Role of a service in PostgreSQL. */
export function roleOf(service: RoleService): string {
  return `tidewaiter_${service}`;
}

/** Password of a role, of letters, digits, `-` and `_`. */
export type PasswordOf = (role: string) => Secret;

/** Makes the roles of the services, or gives those that exist these passwords. */
export async function makeServiceRoles(tx: EntityManager, passwordOf: PasswordOf): Promise<void> {
  for (const service of roleServices) {
    const role = roleOf(service);
    const password = passwordOf(role).reveal();
    // Statements about roles take no parameters.
    if (!/^[\w-]+$/.test(password)) throw new Error(`the password of ${role} needs quotes`);
    const [present]: unknown[] = await tx.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    await tx.query(`${present ? 'ALTER' : 'CREATE'} ROLE ${role} LOGIN NOSUPERUSER PASSWORD '${password}'`);
  }
}

/** Grants each role of a service that exists what `tableWriters` names, and revokes all else. */
export async function grantToServices(tx: EntityManager): Promise<void> {
  const present: { name: string }[] = await tx.query('SELECT rolname AS name FROM pg_roles WHERE rolname = ANY($1)', [
    roleServices.map(roleOf),
  ]);
  const sequences = await ownedSequences(tx);
  for (const service of roleServices.filter((each) => present.some(({ name }) => name === roleOf(each))))
    for (const statement of grantsOf(service, sequences)) await tx.query(statement);
}

/** Sequence from which a column of a table takes its numbers. */
interface OwnedSequence {
  name: string;
  table: string;
}

async function ownedSequences(tx: EntityManager): Promise<OwnedSequence[]> {
  return tx.query(
    `SELECT objid::regclass::text AS name, refobjid::regclass::text AS "table" FROM pg_depend
     WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')
       AND objid IN (SELECT oid FROM pg_class WHERE relkind = 'S') ORDER BY name`,
  );
}

/** Statements that grant a service its rights. Names are constants that need no quotes. */
function grantsOf(service: RoleService, sequences: readonly OwnedSequence[]): string[] {
  const role = roleOf(service);
  const tables = getMetadataArgsStorage()
    .tables.filter(({ target }) => (entities as unknown[]).includes(target))
    .map(({ name }) => name!);
  const read = tables.filter((table) => tableReaders[table]?.includes(service) ?? true);
  const written = tables.filter((table) => mayWrite(service, table));
  return [
    `REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${role}`,
    `REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM ${role}`,
    `GRANT USAGE ON SCHEMA public TO ${role}`,
    `GRANT SELECT ON migration, ${read.join(', ')} TO ${role}`,
    `GRANT INSERT ON ${written.join(', ')} TO ${role}`,
    `GRANT UPDATE, DELETE ON ${written.filter((table) => !appendedTables.includes(table)).join(', ')} TO ${role}`,
    ...sequences
      .filter(({ table }) => written.includes(table))
      .map(({ name }) => `GRANT USAGE ON SEQUENCE ${name} TO ${role}`),
  ];
}
