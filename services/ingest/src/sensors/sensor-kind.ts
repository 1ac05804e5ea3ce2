import type { RuntimeEvent, Secret } from '@tidewaiter/domain';

import type { HookRequest } from '../hook-request.js';

/** How one kind of runtime sensor tells what it saw. Pure: no clock, no network, nothing kept between two requests. */
export interface SensorKind {
  /** The word of `kind:` in the configuration. */
  kind: string;
  /** For people. */
  title: string;
  /**
   * Whether the sender proved to know the connection's token, judged on the raw request. Asked only where a token is configured;
   * whether a connection may go without one is the caller's decision.
   */
  authenticate(request: HookRequest, token: Secret): boolean;
  /** @throws InvalidInput when the body as a whole is not of this kind; one bad event of a batch is counted as `malformed` instead */
  parse(request: HookRequest, context: SensorContext): ParsedEvents;
}

/** The configured connection: its words count, not what a body claims. */
export interface SensorContext {
  sensor: string;
  cluster: string | null;
}

export interface ParsedEvents {
  events: RuntimeEvent[];
  /** How many were left out: `internal` (the sensor about itself), `test`, `malformed`; a reason that did not occur is absent. */
  ignored: Record<string, number>;
  /** Events that the sensor itself says it lost since it last said so; absent when it says nothing. */
  dropped?: number;
}
