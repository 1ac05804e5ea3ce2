import { commonSettings, httpPort, publicUrl } from '@tidewaiter/runtime';

/** `publicUrl`: `https` makes the session cookie `Secure`, a path becomes part of the cookie's. */
export const consoleConfig = { ...commonSettings, httpPort: httpPort(7080), publicUrl };
