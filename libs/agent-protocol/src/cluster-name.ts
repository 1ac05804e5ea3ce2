/** Whether a text can name a cluster: it is part of labels, of names of sensors and of commands. */
export function isClusterName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text);
}
