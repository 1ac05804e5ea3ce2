import { commonSettings, httpPort, publicUrl } from '@tidewaiter/runtime';

/** `publicUrl`: `https` makes the session cookie `Secure`. */
export const consoleConfig = { ...commonSettings, httpPort: httpPort(7080), publicUrl };
