import { commonSettings, httpPort } from '@tidewaiter/runtime';

/** What the detector reads from the environment. */
export const detectorConfig = { ...commonSettings, httpPort: httpPort(7072) };
