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

const rules = new Map<unknown, RetentionRule | string>();

/** Declares on an entity when its rows expire. */
export function Retention(rule: RetentionRule): ClassDecorator {
  return (entity) => void rules.set(entity, rule);
}

/** Declares on an entity that its rows do not expire by age, with the reason. */
export function Permanent(reason: string): ClassDecorator {
  return (entity) => void rules.set(entity, reason);
}

/** Rule of an entity, or the reason why it has none; undefined if nothing is declared. */
export function retentionOf(entity: unknown): RetentionRule | string | undefined {
  return rules.get(entity);
}

/** Entities whose rows expire at a pace, with their rules. */
export function expiringAt(pace: RetentionRule['pace']): { entity: unknown; rule: RetentionRule }[] {
  return [...rules].flatMap(([entity, rule]) =>
    typeof rule === 'string' || rule.pace !== pace ? [] : [{ entity, rule }],
  );
}
