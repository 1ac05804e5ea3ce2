import { incompatibilities } from './schema-shape.js';

const text = { type: 'text', nullable: false, filled: false };
const earlier = { push: { id: text, tag: { ...text, nullable: true }, state: { ...text, filled: true } } };
const laterPush = (columns: object) => incompatibilities(earlier, { push: { ...earlier.push, ...columns } });

describe('incompatibilities', () => {
  it('accepts new tables, and new columns that PostgreSQL fills or that may be null', () => {
    expect(laterPush({ note: { ...text, nullable: true }, kind: { ...text, filled: true } })).toEqual([]);
    expect(incompatibilities(earlier, { ...earlier, image: { id: text } })).toEqual([]);
  });

  it('accepts a column that may be omitted now', () => {
    expect(laterPush({ id: { ...text, nullable: true }, state: { ...text, nullable: true } })).toEqual([]);
  });

  it.each([
    ['push is gone', incompatibilities(earlier, {})],
    ['push.tag is gone', incompatibilities(earlier, { push: { id: text, state: earlier.push.state } })],
    ['push.id was text and is uuid', laterPush({ id: { ...text, type: 'uuid' } })],
    ['push.tag may not be null any more', laterPush({ tag: { ...text, filled: true } })],
    ['push.state has no default any more', laterPush({ state: text })],
    ['push.note is new and has no default', laterPush({ note: text })],
  ])('reports that %s', (expected, found) => {
    expect(found).toEqual([expected]);
  });
});
