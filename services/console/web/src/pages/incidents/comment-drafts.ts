/** Incident that a comment is about. */
interface Subject {
  readonly id: string;
}

/** Comments that were typed and not sent, by the incidents that they are about. */
const drafts = new Map<string, string>();

const keyOf = (incidents: readonly Subject[]) => incidents.map(({ id }) => id).join(' ');

/** Text that a dialog about these incidents was closed with. */
export function draftOf(incidents: readonly Subject[]): string {
  return drafts.get(keyOf(incidents)) ?? '';
}

export function keepDraft(incidents: readonly Subject[], text: string): void {
  drafts.set(keyOf(incidents), text);
}

/** Drops all texts: the next user of the browser is another one. */
export function dropDrafts(): void {
  drafts.clear();
}

/** Drops the text once it is stored with all of these incidents. */
export function dropDraft(incidents: readonly Subject[]): void {
  drafts.delete(keyOf(incidents));
}
