/** When rows of a table expire. */
export interface RetentionRule {
  days: number;
  /** Column with the time from which on the days count. */
  since: string;
  /** Further SQL condition, on columns of the table. */
  where?: string;
  /** `often` for tables that grow with every event: each deletion is small. */
  pace: 'often' | 'hourly';
}

/** Rows that go with a row of another entity, by a foreign key that cascades or by a trigger. */
export interface Companion {
  of: () => unknown;
  by: 'foreign key' | 'trigger';
}

/** Method of a repository that deletes unneeded rows: `ImageRetention.deleteImages`. */
export interface Cleaner {
  cleaner: string;
}

type Declared = RetentionRule | Companion | Cleaner | string;

const rules = new Map<unknown, Declared>();

/** Declares on an entity when its rows expire. */
export function Retention(rule: RetentionRule): ClassDecorator {
  return (entity) => void rules.set(entity, rule);
}

/** Declares on an entity that its rows go with those of another one. */
export function DeletedWith(of: () => unknown, by: Companion['by'] = 'foreign key'): ClassDecorator {
  return (entity) => void rules.set(entity, { of, by });
}

/** Declares on an entity which method deletes its rows once nothing needs them. */
export function DeletedBy(cleaner: string): ClassDecorator {
  return (entity) => void rules.set(entity, { cleaner });
}

/** Declares on an entity that its rows do not expire, with the reason why they are few. */
export function Permanent(reason: string): ClassDecorator {
  return (entity) => void rules.set(entity, reason);
}

/** Rule of an entity, or the reason why it has none; undefined if nothing is declared. */
export function retentionOf(entity: unknown): Declared | undefined {
  return rules.get(entity);
}

/** Entities whose rows expire at a pace, with their rules. */
export function expiringAt(pace: RetentionRule['pace']): { entity: unknown; rule: RetentionRule }[] {
  return [...rules].flatMap(([entity, rule]) =>
    typeof rule === 'object' && 'pace' in rule && rule.pace === pace ? [{ entity, rule }] : [],
  );
}
