import { type RetentionDays, retentionSettings } from '@tidewaiter/runtime';

/** Kinds of records whose retention operators set. */
export type RetentionSetting = keyof RetentionDays;

/** When rows of a table expire. */
export interface RetentionRule {
  /** A setting, or a number of days that only the platform depends on. */
  days: number | RetentionSetting;
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
  /** Setting that it follows, unless the rows go as soon as nothing needs them. */
  days?: RetentionSetting;
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
export function DeletedBy(cleaner: string, days?: RetentionSetting): ClassDecorator {
  return (entity) => void rules.set(entity, { cleaner, ...(days && { days }) });
}

/** Declares on an entity that its rows do not expire, with the reason why they are few. */
export function Permanent(reason: string): ClassDecorator {
  return (entity) => void rules.set(entity, reason);
}

/** Days of a rule: those of its setting, or of the platform. */
export function daysOf({ days }: Pick<RetentionRule, 'days'>, settings: RetentionDays): number {
  return typeof days === 'number' ? days : settings[days];
}

/** SQL condition of expired rows; null where the setting keeps them for ever. */
export function expiredBy(rule: RetentionRule, settings: RetentionDays): string | null {
  const days = daysOf(rule, settings);
  if (days === 0) return null;
  return `${rule.since} < now() - interval '${days} days' ${rule.where === undefined ? '' : `AND ${rule.where}`}`;
}

/** Settings where none are configured. */
export const defaultRetention = Object.fromEntries(
  Object.entries(retentionSettings).map(([name, { schema }]) => [name, schema.parse(undefined)]),
) as RetentionDays;

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
