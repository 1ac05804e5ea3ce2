interface Span {
  readonly startsAt: string;
  readonly endsAt: string;
}

export function silenceState({ startsAt, endsAt }: Span, now: number): 'pending' | 'active' | 'ended' {
  if (Date.parse(endsAt) <= now) return 'ended';
  return Date.parse(startsAt) > now ? 'pending' : 'active';
}

/** Matchers of a text: one a line, or in braces as Alertmanager writes them. */
export function readMatchers(text: string): string[] {
  return text
    .replace(/^\s*\{/, '')
    .replace(/\}\s*$/, '')
    .split(/\n|,(?=\s*[A-Za-z_]\w*\s*[=!])/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
