import { Injectable } from '@nestjs/common';
import { issueOrder, offersFor, type OrderDraft, orderTitle } from '@tidewaiter/containment';
import { InvalidInput, NotFound } from '@tidewaiter/domain';
import { TidewaiterSettings } from '@tidewaiter/runtime';
import {
  type ContainmentOrderRow,
  ContainmentOrders,
  ContainmentSubjects,
  Incidents,
  type StoredIncident,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { incidentOf } from '../incidents/incidents.controller.js';
import type { incidentContainmentAnswer } from './containment-schemas.js';

export type Offer = z.output<typeof incidentContainmentAnswer>['offers'][number];

/** Offers of actions for incidents, and signatures of orders. */
@Injectable()
export class ContainmentDesk {
  constructor(
    private readonly settings: TidewaiterSettings,
    private readonly incidents: Incidents,
    private readonly orders: ContainmentOrders,
    private readonly subjects: ContainmentSubjects,
  ) {}

  get isEnabled(): boolean {
    return this.settings.containment.signingKey !== undefined;
  }

  /** @throws NotFound `INCIDENT_UNKNOWN` */
  async incident(id: string): Promise<StoredIncident> {
    return incidentOf(this.incidents, id);
  }

  /** @throws NotFound `CONTAINMENT_UNKNOWN` */
  async order(id: string): Promise<ContainmentOrderRow> {
    const order = await this.orders.get(id);
    if (!order) throw new NotFound('CONTAINMENT_UNKNOWN', `no containment order ${id}`);
    return order;
  }

  /** Actions on the objects of an incident, as far as the caller may see them. */
  async offers(incident: StoredIncident): Promise<Offer[]> {
    const placed = await this.subjects.of(incident);
    return [...Map.groupBy(placed, ({ cluster }) => cluster)].flatMap(([cluster, subjects]) =>
      offersFor(subjects.map(({ subject }) => subject)).map((offer) => ({
        ...offer,
        cluster,
        title: orderTitle(offer.action, offer.subject),
      })),
    );
  }

  /** @throws InvalidInput `CONTAINMENT_OFF` */
  sign(draft: OrderDraft): Pick<ContainmentOrderRow, 'expiresAt'> & ReturnType<typeof issueOrder> {
    const { signingKey: key, validForMs } = this.settings.containment;
    if (!key) throw new InvalidInput('CONTAINMENT_OFF', 'this installation has no key to sign orders with');
    return issueOrder(draft, { key, now: Date.now(), validForMs });
  }
}
