/**
 * Reads an own property by a key that an attacker may choose: `constructor` and `__proto__` are
 * undefined.
 */
export function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
