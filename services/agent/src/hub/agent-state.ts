import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { type CredentialAnswer, credentialAnswer } from '@tidewaiter/agent-protocol';
import { InvalidInput, type Secret } from '@tidewaiter/domain';
import { z } from 'zod';

const stored = z.object({
  /** Random name of this folder. */
  instance: z.string(),
  /** SHA-256 of the join token that was exchanged, which is of no more use. */
  joinedBy: z.string().nullable(),
  credential: credentialAnswer.nullable(),
});

type Stored = z.output<typeof stored>;

const fileName = 'agent.json';

/** Identity and credential of an agent, in a file of its folder. */
export class AgentState {
  private constructor(
    private readonly folder: string,
    private state: Stored,
  ) {}

  /** @throws InvalidInput `CONFIG_INVALID` when the folder cannot be written */
  static async open(folder: string): Promise<AgentState> {
    const path = join(folder, fileName);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const text = await readFile(path, 'utf8').catch(ifMissing);
      const found = text === null ? null : stored.safeParse(parse(text));
      if (found?.success) return new AgentState(folder, found.data);
      const state = new AgentState(folder, { instance: randomUUID(), joinedBy: null, credential: null });
      await state.#save();
      return state;
    } catch (cause) {
      const { code } = cause as { code?: unknown };
      throw new InvalidInput('CONFIG_INVALID', `TIDEWAITER_AGENT_DIR: cannot use the folder: ${String(code)}`, {
        cause,
      });
    }
  }

  get instance(): string {
    return this.state.instance;
  }

  /** Null before the agent has joined. */
  get credential(): CredentialAnswer | null {
    return this.state.credential;
  }

  /** Whether this token was exchanged already. */
  hasUsed(token: Secret): boolean {
    return this.state.joinedBy === hashOf(token);
  }

  async joined(credential: CredentialAnswer, token: Secret): Promise<void> {
    this.state = { ...this.state, credential, joinedBy: hashOf(token) };
    await this.#save();
  }

  async rotated(credential: CredentialAnswer): Promise<void> {
    this.state = { ...this.state, credential };
    await this.#save();
  }

  /** On disk before it returns: the hub forgets a credential after it was replaced. */
  async #save(): Promise<void> {
    const path = join(this.folder, fileName);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(this.state));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }
}

function ifMissing(error: unknown): null {
  if ((error as { code?: unknown }).code === 'ENOENT') return null;
  throw error;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function hashOf(token: Secret): string {
  return createHash('sha256').update(token.reveal()).digest('hex');
}
