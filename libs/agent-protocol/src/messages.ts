import { z } from 'zod';

/** Text of another release of the agent, which the console shows. */
const short = z.string().max(200);
const count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const time = z.iso.datetime();

/** Body of `POST /agent/v1/join`. Keys that are unknown here are those of a newer agent. */
export const joinRequest = z.object({
  /** One-time token of `tidewaiter clusters join`. */
  token: short,
  version: short,
  /** Random name of the agent's state folder: two agents of one cluster differ by it. */
  instance: short,
});

export type JoinRequest = z.output<typeof joinRequest>;

/** Answer to `POST /agent/v1/join` and `POST /agent/v1/credential`. */
export const credentialAnswer = z.object({
  cluster: z.string(),
  /** Bearer token of every other request. */
  credential: z.string(),
  expiresAt: time,
  /** Time from which on the agent asks for the next one. */
  rotateAt: time,
});

export type CredentialAnswer = z.output<typeof credentialAnswer>;

/** Body of `POST /agent/v1/status`. */
export const agentStatus = z.object({
  version: short,
  instance: short,
  /** When the agent last received an event; null before the first. */
  lastEventAt: time.nullable(),
  /** Age of the oldest event that the hub does not have. */
  lagMs: count,
  /** Bytes that wait on the disk of the agent. */
  waitingBytes: count,
  /** Events that were lost since the agent's state began, by source. */
  dropped: z.record(short, count),
  /** Problems of the agent, by part. */
  problems: z.record(short, short).default({}),
});

export type AgentStatus = z.output<typeof agentStatus>;

const details = z.record(z.string(), z.unknown());
const line = z.string().max(2_000);

/** Answer to `GET /agent/v1/orders`: envelopes, which the agent verifies one by one. */
export const ordersAnswer = z.object({ orders: z.array(z.unknown()).max(100) });

/** Body of `POST /agent/v1/orders/{id}`: what became of a containment order. */
export const orderReport = z.object({
  state: z.enum(['accepted', 'done', 'refused', 'failed']),
  at: time,
  /** Code of a refusal or failure. */
  code: short.nullable(),
  detail: line.nullable(),
  /** Calls to the API server, and what the agent knew before them. */
  report: z
    .object({ calls: z.array(line).max(20), notes: z.array(line).max(20), before: details, uid: short })
    .nullable(),
  evidence: z
    .object({
      object: details,
      owners: z.array(line).max(100),
      images: z.array(line).max(500),
      pods: z.array(details).max(100),
      events: z.array(details).max(100),
    })
    .nullable(),
});

export type OrderReport = z.output<typeof orderReport>;
