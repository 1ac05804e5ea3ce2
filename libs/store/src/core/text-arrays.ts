import { TypeOverrides, types } from 'pg';

/** Type `text[]` in the catalog of PostgreSQL, which the driver has no name for. */
const textArray = 1009 as unknown as (typeof types.builtins)['TEXT'];

const readCarefully = types.getTypeParser(textArray, 'text') as (written: string) => (string | null)[];

/**
 * Reads an array of texts as PostgreSQL writes it: `{a,"b c",NULL}`. The driver looks at each
 * character; lists have columns of hundreds of names, which rarely need quotes.
 * @see https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export function readTextArray(written: string): (string | null)[] {
  if (written === '{}') return [];
  const isPlain = written.startsWith('{') && !written.includes('"') && !written.includes('{', 1);
  if (!isPlain) return readCarefully(written);
  const texts = written.slice(1, -1).split(',');
  return written.includes('NULL') ? texts.map((text) => (text === 'NULL' ? null : text)) : texts;
}

/** Parsers of the driver, with {@link readTextArray} in place of its own. */
export const valueTypes = new TypeOverrides();
valueTypes.setTypeParser(textArray, readTextArray);
