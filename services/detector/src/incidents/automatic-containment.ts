import { Injectable } from '@nestjs/common';
import { type AutomaticChoice, automaticChoices, issueOrder } from '@tidewaiter/containment';
import { Every, Logger, TidewaiterSettings } from '@tidewaiter/runtime';
import { ContainmentOrders, ContainmentSubjects, Incidents, type ListedIncident, Store } from '@tidewaiter/store';
import { v7 as uuidv7 } from 'uuid';

const everyMs = 1_000;
/** Changes that a detector which was away still acts on: an older attack needs a user's eye. */
const recentMs = 600_000;

/** Orders what the rules of `containment.automatic` say, once for each object of an incident. */
@Injectable()
export class AutomaticContainment {
  constructor(
    private readonly settings: TidewaiterSettings,
    private readonly store: Store,
    private readonly incidents: Incidents,
    private readonly subjects: ContainmentSubjects,
    private readonly orders: ContainmentOrders,
    private readonly logger: Logger,
  ) {}

  @Every(everyMs)
  async contain(): Promise<void> {
    const { automatic, signingKey } = this.settings.containment;
    if (!signingKey || automatic.every(({ mode }) => mode === 'off')) return;
    for (const incident of await this.incidents.changedSince(new Date(Date.now() - recentMs))) {
      const choices = automaticChoices(automatic, incident, await this.subjects.of(incident));
      for (const choice of choices) await this.#order(incident, choice);
    }
  }

  async #order({ id: incidentId, number }: ListedIncident, { rule, cluster, subject }: AutomaticChoice): Promise<void> {
    const { signingKey: key, validForMs } = this.settings.containment;
    const order = {
      ...{ id: uuidv7(), cluster, action: rule.action, subject, author: `policy:${rule.name}` },
      ...{ reason: `rule ${rule.name} of containment.automatic`, dryRun: rule.mode === 'dry-run', undoes: null },
    };
    const draft = { ...order, incident: `INC-${number}` };
    const issued = issueOrder(draft, { key: key!, now: Date.now(), validForMs });
    const isNew = await this.store.transaction(async (tx) =>
      this.orders.add(tx, { ...order, ...issued, incidentId, namespace: subject.namespace, state: 'ordered' }),
    );
    if (isNew) this.logger.info({ incident: number, rule: rule.name, action: rule.action }, 'containment ordered');
  }
}
