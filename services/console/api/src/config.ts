import { commonSettings, httpPort, setting } from '@tidewaiter/runtime';
import { z } from 'zod';

/** Where people reach the console; without it, where it listens. `https` makes the session cookie `Secure`. */
const publicUrl = setting('TIDEWAITER_CONSOLE_URL', z.url({ protocol: /^https?$/ }).optional());

export const consoleConfig = { ...commonSettings, httpPort: httpPort(7080), publicUrl };
