import type { AccessScope } from '@tidewaiter/domain';

import { tableOf } from '../core/columns.js';
import { entities } from '../core/entities.js';
import { ScopedRows } from './scoped-rows.js';

const scope: AccessScope = { repositories: ['shop/*'], clusters: ['eu*'], namespaces: ['shop'], owners: ['team-shop'] };
const limits = new ScopedRows([scope], [{ repository: 'shop/*', owner: 'team-shop' }]);
const open =
  /^(?:advisory|advisory_(?:ecosystem|feed|import|package)|kev|epss|end_of_life|repository_cpe|detection_rule|fleet_refresh)$/;

describe('ScopedRows', () => {
  it.each(entities.map((entity) => tableOf(entity).name).filter((name) => !open.test(name)))(
    'gives the table %s a condition',
    (name) => {
      const { sql } = limits.apply({ sql: 'SELECT * FROM fleet_vulnerability, fleet_upgrade', parameters: [] });
      expect(sql).toMatch(new RegExp(String.raw`[ ,]${name} AS (?:NOT )?MATERIALIZED \(`));
    },
  );

  it('adds its parameters behind those of the statement', () => {
    const { sql, parameters } = limits.apply({ sql: 'SELECT * FROM push WHERE id = $1', parameters: ['a'] });
    expect(parameters.slice(0, 2)).toEqual(['a', ['shop/%']]);
    expect(sql).toMatch(/^WITH .* SELECT \* FROM push WHERE id = \$1$/s);
    const highest = Math.max(...[...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
    expect(parameters).toHaveLength(highest);
  });

  it('joins the head of a statement', () => {
    const { sql } = limits.apply({ sql: '\n WITH a AS (SELECT 1) SELECT * FROM a', parameters: [] });
    expect(sql).toMatch(/, a AS \(SELECT 1\) SELECT \* FROM a$/);
    expect(sql.match(/^WITH /g)).toHaveLength(1);
  });

  it.each([
    'DELETE FROM push',
    'UPDATE push SET state = $1',
    'INSERT INTO push (id) VALUES ($1)',
    'WITH a AS (DELETE FROM push RETURNING id) SELECT * FROM a',
    'with a as (update push set tag = null returning id) select * from a',
    'SELECT id FROM push FOR UPDATE',
    'WITH RECURSIVE push AS (SELECT 1) SELECT * FROM push',
    'TABLE push',
    'EXPLAIN SELECT * FROM push',
    'COPY push TO STDOUT',
  ])('refuses %j', (sql) => {
    expect(() => limits.apply({ sql, parameters: [] })).toThrow('within limits');
  });

  it('holds nothing without a scope', () => {
    const { sql } = new ScopedRows([], []).apply({ sql: 'SELECT * FROM push', parameters: [] });
    expect(sql).toContain('push AS NOT MATERIALIZED (SELECT * FROM push WHERE false)');
  });
});
