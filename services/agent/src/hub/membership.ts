import { Injectable } from '@nestjs/common';
import { credentialAnswer } from '@tidewaiter/agent-protocol';
import { AccessDenied, type Secret, TidewaiterError, Unavailable, version } from '@tidewaiter/domain';
import { Every, Health, Logger, reasonOf } from '@tidewaiter/runtime';

import { AgentConfig } from '../config.js';
import { AgentState } from './agent-state.js';
import { Hub } from './hub.js';

const checkEveryMs = 5_000;

/** Joins the hub by the token, and replaces the credential before it expires. */
@Injectable()
export class Membership {
  /** Why the agent is no member now; null while it is, as far as it knows. */
  #problem: string | null = 'the agent has not joined yet';
  /** A refused token is refused for good: it is unknown, used or expired. */
  #isTokenRefused = false;

  constructor(
    private readonly config: AgentConfig,
    private readonly state: AgentState,
    private readonly hub: Hub,
    health: Health,
    private readonly logger: Logger,
  ) {
    if (state.credential !== null) this.#problem = null;
    health.add('hub', async () => this.#problem ?? undefined);
  }

  /** Called when the agent joins with a new token after it has been a member. */
  onRejoin: () => void = () => undefined;

  /** Whether requests can be authenticated, though the hub may refuse them. */
  get hasCredential(): boolean {
    return this.state.credential !== null;
  }

  /** Notes the outcome of a request to the hub. */
  answered(error?: TidewaiterError): void {
    if (error === undefined) this.#problem = null;
    else if (error instanceof AccessDenied) this.#refused(error);
    else if (error instanceof Unavailable) this.#problem = `the hub is away: ${reasonOf(error)} (${error.message})`;
  }

  @Every(checkEveryMs)
  async keepCredential(signal: AbortSignal): Promise<void> {
    const { credential } = this.state;
    const { joinToken } = this.config;
    // A token that was not used yet is an order to join again, also with a valid credential.
    const isFresh = joinToken !== undefined && !this.#isTokenRefused && !this.state.hasUsed(joinToken);
    if (isFresh) return this.#join(joinToken, signal);
    if (this.#isTokenRefused && credential === null) return;
    if (credential === null) {
      this.#problem = 'TIDEWAITER_JOIN_TOKEN is not set: the agent cannot join';
      return;
    }
    if (Date.parse(credential.rotateAt) <= Date.now()) await this.#rotate(signal);
  }

  async #join(token: Secret, signal: AbortSignal): Promise<void> {
    const body = { token: token.reveal(), version, instance: this.state.instance };
    try {
      const answer = credentialAnswer.parse(await this.hub.send('/agent/v1/join', { body, signal }));
      const isRejoin = this.state.credential !== null;
      await this.state.joined(answer, token);
      if (isRejoin) this.onRejoin();
      this.logger.info({ cluster: answer.cluster, expires_at: answer.expiresAt }, 'agent joined');
      this.answered();
    } catch (error) {
      this.#isTokenRefused = error instanceof AccessDenied;
      // With a credential the agent stays what it is: the token may be an old one.
      if (this.state.credential === null || !this.#isTokenRefused) this.#failed(error);
      else this.logger.warn({ reason: reasonOf(error) }, 'join token refused, keeping the credential');
    }
  }

  async #rotate(signal: AbortSignal): Promise<void> {
    try {
      const answer = credentialAnswer.parse(await this.hub.request('/agent/v1/credential', { signal }));
      await this.state.rotated(answer);
      this.logger.info({ expires_at: answer.expiresAt }, 'agent credential rotated');
      this.answered();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (!(error instanceof TidewaiterError)) throw error;
    this.answered(error);
  }

  #refused({ message }: AccessDenied): void {
    const problem = `${refusals[message.split(' ')[1] ?? ''] ?? 'the hub refuses the agent'} (${message})`;
    if (this.#problem !== problem) this.logger.error({ problem }, 'agent refused by the hub');
    this.#problem = problem;
  }
}

/** Reasons by the code of the hub. */
const refusals: Readonly<Record<string, string>> = {
  JOIN_TOKEN_INVALID: 'the join token is unknown, used or expired: make a new one with tidewaiter clusters join',
  AGENT_CREDENTIAL_INVALID:
    'the credential is unknown, expired or revoked: make a new join token with tidewaiter clusters join',
};
