/** Operators of a condition; `:` in a query is `=`. */
export const operators = ['=', '!=', '<', '<=', '>', '>='] as const;

export type Operator = (typeof operators)[number];

/** Types of fields, by which values are read and compared. */
export const fieldTypes = ['text', 'match', 'number', 'time', 'flag', 'choice', 'rank'] as const;

/** A field of a list that conditions can name. */
export type Field = { description: string } & (
  | {
      /** `*` in a text matches any characters; the list itself compares a `match`. */
      type: 'text' | 'match';
    }
  | { type: 'number' | 'time' }
  | {
      /** Holds or does not: written as its name alone, or with `=true` and `=false`. */
      type: 'flag';
    }
  | {
      /** One of `values`. A `rank` has them in order, the greatest first, for `>=`. */
      type: 'choice' | 'rank';
      values: readonly string[];
    }
);

/** Fields of one list by their names. */
export type Fields<Name extends string = string> = Readonly<Record<Name, Field>>;

/** Checks the fields of a list against {@link Fields}, and keeps their names. */
export function fieldsOf<const Some extends Fields>(fields: Some): Some {
  return fields;
}

/** Operators that a type of field has. */
export function operatorsOf({ type }: Field): readonly Operator[] {
  switch (type) {
    case 'flag':
    case 'match':
      return ['='];
    case 'text':
    case 'choice':
      return ['=', '!='];
    case 'number':
    case 'time':
    case 'rank':
      return operators;
  }
}
