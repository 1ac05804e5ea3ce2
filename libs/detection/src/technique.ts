/** The ATT&CK technique that a rule's tag names, `T1059.004`; null of a tactic or a plain word. Falco's rules write `T1059` and `mitre_t1059`. */
export function techniqueOf(tag: string): string | null {
  return /^(?:mitre_)?(T\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase() ?? null;
}
