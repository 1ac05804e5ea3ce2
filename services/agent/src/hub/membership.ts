import { Injectable } from '@nestjs/common';
import { credentialAnswer } from '@tidewaiter/agent-protocol';
import { AccessDenied, type Secret, version } from '@tidewaiter/domain';
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

  get isMember(): boolean {
    return this.#problem === null;
  }

  /** Notes the outcome of a request to the hub. */
  answered(error?: unknown): void {
    const problem = error === undefined ? null : reasonOf(error);
    if (error instanceof AccessDenied) this.#report(`${problem}; make a new token with tidewaiter clusters join`);
    else if (problem === null) this.#problem = null;
    else this.#problem = `the hub is away: ${problem}`;
  }

  @Every(checkEveryMs)
  async keepCredential(signal: AbortSignal): Promise<void> {
    const { credential } = this.state;
    const { joinToken } = this.config;
    // A token that was not used yet is an order to join again, also with a valid credential.
    const isFresh = joinToken !== undefined && !this.#isTokenRefused && !this.state.hasUsed(joinToken);
    if (isFresh) return this.#join(joinToken, signal);
    if (this.#isTokenRefused && credential === null) return;
    if (credential === null) return this.#report('TIDEWAITER_JOIN_TOKEN is not set: the agent cannot join');
    if (Date.parse(credential.rotateAt) <= Date.now()) await this.#rotate(signal);
  }

  async #join(token: Secret, signal: AbortSignal): Promise<void> {
    const body = { token: token.reveal(), version, instance: this.state.instance };
    try {
      const answer = credentialAnswer.parse(await this.hub.send('/agent/v1/join', { body, signal }));
      await this.state.joined(answer, token);
      this.logger.info({ cluster: answer.cluster, expires_at: answer.expiresAt }, 'agent joined');
      this.answered();
    } catch (error) {
      this.#isTokenRefused = error instanceof AccessDenied;
      if (this.#isTokenRefused) this.logger.error({ reason: reasonOf(error) }, 'join token refused');
      // With a credential the agent stays what it is: the token may be an old one.
      if (this.state.credential === null || !this.#isTokenRefused) this.answered(error);
    }
  }

  async #rotate(signal: AbortSignal): Promise<void> {
    try {
      const answer = credentialAnswer.parse(await this.hub.request('/agent/v1/credential', { signal }));
      await this.state.rotated(answer);
      this.logger.info({ expires_at: answer.expiresAt }, 'agent credential rotated');
      this.answered();
    } catch (error) {
      this.answered(error);
    }
  }

  #report(problem: string): void {
    if (this.#problem !== problem) this.logger.error({ problem }, 'agent refused by the hub');
    this.#problem = problem;
  }
}
