/** ATT&CK's tactics in the order in which an attack goes through them. */
export const tactics = [
  'reconnaissance',
  'resource-development',
  'initial-access',
  'execution',
  'persistence',
  'privilege-escalation',
  'defense-evasion',
  'credential-access',
  'discovery',
  'lateral-movement',
  'collection',
  'command-and-control',
  'exfiltration',
  'impact',
] as const;

/**
 * Parses the tactic of a tag: Sigma writes `attack.defense-evasion` or `attack.defense_evasion`,
 * Falco `mitre_defense_evasion`.
 */
export function tacticOf(tag: string): string | null {
  const word = /^(?:attack\.|mitre_)([a-z_-]+)$/.exec(tag.toLowerCase())?.[1]?.replaceAll('_', '-');
  return tactics.find((tactic) => tactic === word) ?? null;
}

/**
 * Parses the technique of a tag, `T1059.004`; null for a tactic or a plain word. Falco writes
 * `T1059` and `mitre_t1059`, Sigma `attack.t1059`.
 */
export function techniqueOf(tag: string): string | null {
  return /^(?:mitre_|attack\.)?(T\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase() ?? null;
}
