/** Gathers a flag that may be given several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}
