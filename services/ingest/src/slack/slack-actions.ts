import { Injectable } from '@nestjs/common';
import { failpoint } from '@tidewaiter/runtime';
import { AuditLog, Incidents, IncidentTriage, SilenceLedger, Store } from '@tidewaiter/store';

import type { ButtonAction } from './slack-interaction.js';

const dayMs = 24 * 3_600_000;
/** Time within which a second press does not add another silence. */
const sameDayMs = 3_600_000;

const actOf = (by: string) => ({ actor: by, address: null });

/** Performs a button's action; idempotent. */
@Injectable()
export class SlackActions {
  constructor(
    private readonly store: Store,
    private readonly incidents: Incidents,
    private readonly triage: IncidentTriage,
    private readonly silences: SilenceLedger,
    private readonly audit: AuditLog,
  ) {}

  /** Performs the action; returns its result in one sentence. */
  async act(action: ButtonAction, by: string): Promise<string> {
    if (action.kind === 'acknowledge')
      return this.audit.during({ ...actOf(by), action: 'incident.acknowledged' }, async () =>
        this.#acknowledge(action.incident, by),
      );
    return this.audit.during({ ...actOf(by), action: 'silence.created' }, async () => this.#silence(action, by));
  }

  async #acknowledge(incident: string, by: string): Promise<string> {
    const acknowledged = await this.store.transaction((tx) => this.triage.acknowledge(tx, incident, by));
    failpoint('slack.acknowledged');
    return acknowledged ? `INC-${acknowledged.number} is yours.` : 'It is resolved or already acknowledged.';
  }

  async #silence({ incident, matchers }: Extract<ButtonAction, { kind: 'silence' }>, by: string): Promise<string> {
    const startsAt = new Date();
    const endsAt = new Date(startsAt.getTime() + dayMs);
    const isSame = (other: { matchers: readonly string[]; endsAt: Date }) =>
      other.matchers.join('\n') === matchers.join('\n') && endsAt.getTime() - other.endsAt.getTime() < sameDayMs;
    if ((await this.silences.open()).some(isSame)) return 'It is silenced already.';
    await this.store.transaction(async (tx) => {
      await this.silences.add(tx, { matchers, startsAt, endsAt, createdBy: by, comment: 'Asked for in Slack' });
      if (incident !== null) await this.incidents.remark(tx, incident, `Silenced for 24 h by ${by}`, by);
    });
    failpoint('slack.silenced');
    return `Silenced for 24 h: ${matchers.join(', ')}. Tidewaiter lists it under silences.`;
  }
}
