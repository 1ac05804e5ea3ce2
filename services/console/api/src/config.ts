import { commonSettings, configOf, entryKey, httpPort, ingestUrl, publicUrl } from '@tidewaiter/runtime';

/**
 * Configuration of the console from its environment. `publicUrl`: `https` makes the session cookie
 * `Secure`, a path becomes part of the cookie's.
 */
export class ConsoleConfig extends configOf({
  ...commonSettings,
  entryKey,
  httpPort: httpPort(7080),
  publicUrl,
  ingestUrl,
}) {}
