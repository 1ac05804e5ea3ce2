const bytes = 24;

/** A secret for webhooks, of 192 random bits in characters that need no quotes in a URL or YAML. */
export function randomSecret(): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return btoa(String.fromCharCode(...random))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}
