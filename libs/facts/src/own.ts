/** What a record says of a key that an attacker may choose: `constructor` and `__proto__` are nothing to it. */
export function own<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
