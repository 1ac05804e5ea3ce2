import { isDeepStrictEqual } from 'node:util';

import { Injectable } from '@nestjs/common';
import { type ApiCaller, Incidents, type Responder, Store, Users } from '@tidewaiter/store';

import { CallerLimits } from '../auth/scope-interceptor.js';

/** Users to whom incidents can be assigned. */
@Injectable()
export class IncidentAssignees {
  constructor(
    private readonly store: Store,
    private readonly users: Users,
    private readonly incidents: Incidents,
    private readonly limits: CallerLimits,
  ) {}

  /**
   * Users whom a caller may choose for any of its incidents. One with limits sees those without,
   * and those with its own: names of others are not of its part of the fleet.
   */
  async of({ scopes }: ApiCaller): Promise<Responder[]> {
    const users = await this.#responders();
    return users.filter((user) => scopes === null || user.scopes === null || isDeepStrictEqual(user.scopes, scopes));
  }

  /** Users who may see an incident. */
  async ofIncident(id: string): Promise<Responder[]> {
    const users = await this.#responders();
    const seeing = new Map<string, boolean>();
    for (const { scopes } of users) {
      const key = JSON.stringify(scopes);
      if (!seeing.has(key)) seeing.set(key, await this.#isVisible(id, scopes));
    }
    return users.filter(({ scopes }) => seeing.get(JSON.stringify(scopes)));
  }

  async #isVisible(id: string, scopes: Responder['scopes']): Promise<boolean> {
    const limits = this.limits.of({ scopes });
    if (limits === null) return true;
    return this.store.within(limits, async () => (await this.incidents.get(id)) !== null);
  }

  /** Users are no rows within limits. */
  async #responders(): Promise<Responder[]> {
    return this.store.unlimited(async () => this.users.responders());
  }
}
