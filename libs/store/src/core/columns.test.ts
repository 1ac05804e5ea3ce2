import { SilenceRow } from '../deliveries/alert-rows.js';
import { IncidentRow } from '../incidents/incident-rows.js';
import { columnsOf } from './columns.js';
import { excluded, recordsetOf, unnestOf, valuesOf } from './row-sets.js';

describe('columnsOf', () => {
  it('lists every column of an entity under the name of its property', () => {
    expect(`${columnsOf(SilenceRow)}`).toBe(
      'id, matchers, starts_at AS "startsAt", ends_at AS "endsAt", created_by AS "createdBy", comment, created_at AS "createdAt", version',
    );
  });

  it('lists some columns, qualified by the table of the query', () => {
    expect(`${columnsOf(SilenceRow, { of: 'silence', only: ['endsAt', 'id'] })}`).toBe(
      'silence.ends_at AS "endsAt", silence.id AS "id"',
    );
  });

  it('leaves columns out', () => {
    expect(`${columnsOf(SilenceRow, { omit: ['startsAt', 'endsAt', 'createdBy', 'createdAt'] })}`).toBe(
      'id, matchers, comment, version',
    );
  });

  it('reads a safe integer as a number', () => {
    expect(`${columnsOf(IncidentRow, { only: ['number'] })}`).toBe('number::float8 AS "number"');
  });

  it('adds computed fields and the columns of other tables', () => {
    const columns = columnsOf(SilenceRow, { only: ['id'] })
      .and(columnsOf(IncidentRow, { of: 'incident', only: ['title'] }))
      .computed<{ isOver: boolean }>({ isOver: 'ends_at < now()' });
    expect(`${columns}`).toBe('id, incident.title AS "title", ends_at < now() AS "isOver"');
  });

  it('reads lists of texts as one text each', () => {
    const columns = columnsOf(SilenceRow, { of: 'silence', only: ['id', 'matchers'] }).computed<{ one: number }>({
      one: '1',
    });
    expect(columns.textLists).toEqual(['matchers']);
    expect(`${columns.joiningTexts((list) => `array_to_string(${list}, ' ')`)}`).toBe(
      `silence.id AS "id", array_to_string(silence.matchers, ' ') AS "matchers", 1 AS "one"`,
    );
  });

  it('rejects a class that is no entity', () => {
    expect(() => columnsOf(Date)).toThrow('Date is no entity');
  });
});

describe('row sets', () => {
  it('give the columns and types of an entity to a table of parameters', () => {
    const given = unnestOf(SilenceRow, ['id', 'endsAt'], 2);
    expect(given.columns).toBe('id, ends_at');
    expect(given.table).toBe('unnest($2::uuid[], $3::timestamptz[]) AS given ("id", "endsAt")');
    expect(given.parameters([{ id: 'a', endsAt: '2026-01-01' }])).toEqual([['a'], ['2026-01-01']]);
  });

  it('put rows with arrays into one document', () => {
    const given = recordsetOf(SilenceRow, ['id', 'matchers']);
    expect(given.table).toBe('jsonb_to_recordset($1) AS given ("id" uuid, "matchers" text[])');
    expect(() => unnestOf(SilenceRow, ['matchers'])).toThrow('unnest would flatten SilenceRow.matchers');
  });

  it('encode documents of a single row', () => {
    const given = valuesOf(IncidentRow, ['id', 'steps']);
    expect(given).toMatchObject({ columns: 'id, steps', values: '$1, $2' });
    expect(given.parameters({ id: 'a', steps: [] })).toEqual(['a', '[]']);
  });

  it('name the columns that an upsert overwrites', () => {
    expect(excluded(SilenceRow, ['endsAt', 'comment'])).toBe('ends_at = EXCLUDED.ends_at, comment = EXCLUDED.comment');
  });
});
