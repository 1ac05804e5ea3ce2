/** `1 event`, `1,204 events`. */
export function counted(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`;
}

export interface NamedImage {
  readonly repository: string;
  readonly tag: string | null;
}

/** `shop/app:1`. */
export function nameOf({ repository, tag }: NamedImage): string {
  return tag === null ? repository : `${repository}:${tag}`;
}

/** First digits of a digest, without `sha256:`. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** Joins what is known with a middle dot. */
export function dotted(...texts: readonly (string | number | false | null | undefined)[]): string {
  return texts.filter((text) => text !== false && text !== null && text !== undefined && text !== '').join(' · ');
}

export function problemText({
  code,
  reason,
}: {
  readonly code: string | null;
  readonly reason: string | null;
}): string {
  return [code, reason].filter(Boolean).join(': ');
}

/** `severity=high team=shop`. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map((pair) => pair.join('='))
    .join(' ');
}

/** `0.2 s`, `40 s`, `3 min`, `5 h`, `2 d`. */
export function durationText(seconds: number): string {
  if (seconds < 10) return `${Math.max(seconds, 0.1).toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

const units = ['B', 'KiB', 'MiB', 'GiB'] as const;

/** `4.2 MiB`. */
export function sizeText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
