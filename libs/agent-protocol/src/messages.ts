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
