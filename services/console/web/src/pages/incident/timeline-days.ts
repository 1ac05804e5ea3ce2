interface Dated {
  readonly at: string;
}

interface Day<Entry> {
  day: string;
  entries: (Entry & { clock: string })[];
}

/** Entries by day in the zone of the browser, each with its time of day; their order stays. */
export function timelineDays<Entry extends Dated>(entries: readonly Entry[]): Day<Entry>[] {
  const days: Day<Entry>[] = [];
  for (const entry of entries) {
    const time = new Date(entry.at);
    const isKnown = !Number.isNaN(time.getTime());
    const day = isKnown ? time.toLocaleDateString(undefined, { dateStyle: 'medium' }) : 'Time unknown';
    const clock = isKnown ? time.toLocaleTimeString(undefined, { hour12: false }) : entry.at;
    if (days.at(-1)?.day !== day) days.push({ day, entries: [] });
    days.at(-1)!.entries.push({ ...entry, clock });
  }
  return days;
}
