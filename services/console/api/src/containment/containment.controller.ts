import { Body, Controller, Get, Param, Post, Query, StreamableFile } from '@nestjs/common';
import type { OrderDraft } from '@tidewaiter/containment';
import { includesRole, InvalidInput } from '@tidewaiter/domain';
import {
  type ApiCaller,
  containmentList,
  type ContainmentOrderRow,
  ContainmentOrders,
  type ListedOrder,
  Lists,
  Store,
} from '@tidewaiter/store';
import { v7 as uuidv7 } from 'uuid';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { countedPage, type CountedPage, exported, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { idParameter } from '../http/validation.js';
import { ContainmentDesk } from './containment-desk.js';
import {
  containmentExportQuery,
  containmentListAnswer,
  containmentQuery,
  incidentContainmentAnswer,
  orderAnswer,
  orderBody,
  orderDetailAnswer,
  undoBody,
} from './containment-schemas.js';

type OrderAnswer = z.output<typeof orderAnswer>;

/** Time in which a maintainer may approve the request of a responder. */
const requestMs = 3_600_000;

/** Orders to the agents of clusters. A responder tries and requests; a maintainer orders. */
@Controller('api/v1')
export class ContainmentController {
  constructor(
    private readonly store: Store,
    private readonly desk: ContainmentDesk,
    private readonly orders: ContainmentOrders,
    private readonly lists: Lists,
  ) {}

  @Get('containment')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Containment orders', answer: containmentListAnswer })
  async list(
    @Query({ schema: containmentQuery }) { state, cluster, ...query }: z.output<typeof containmentQuery>,
  ): Promise<CountedPage<OrderAnswer>> {
    const request = listRequest(query, { state, cluster });
    return countedPage(this.lists, containmentList, request, query.count, describeListed);
  }

  @Get('containment/export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Containment orders as a file', mediaType: 'text/csv' })
  export(@Query({ schema: containmentExportQuery }) query: z.output<typeof containmentExportQuery>): StreamableFile {
    return exported(
      this.lists,
      { name: 'containment', list: containmentList, item: orderAnswer },
      query,
      describeListed,
    );
  }

  @Get('containment/:id')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'A containment order with its history, report and evidence',
    answer: orderDetailAnswer,
  })
  async get(@Param('id', { schema: idParameter }) id: string): Promise<z.output<typeof orderDetailAnswer>> {
    const order = await this.desk.order(id);
    const { report, evidence } = order;
    return { ...describeOrder(order), transitions: await this.orders.transitions(id), report, evidence };
  }

  @Post('containment/:id/approve')
  @Operation({
    role: 'maintainer',
    action: 'containment.approved',
    summary: 'Orders what a responder requested',
    answer: orderAnswer,
  })
  async approve(@Param('id', { schema: idParameter }) id: string, @Caller() { name }: ApiCaller): Promise<OrderAnswer> {
    const order = await this.desk.order(id);
    const issued = this.desk.sign(await this.#draftOf(order));
    const isApproved = await this.store.transaction(async (tx) => this.orders.approve(tx, id, { ...issued, by: name }));
    if (!isApproved) throw new InvalidInput('CONTAINMENT_STATE', `the order is no request: it is ${order.state}`);
    return describeOrder(await this.desk.order(id));
  }

  @Post('containment/:id/undo')
  @Operation({
    role: 'maintainer',
    action: 'containment.undone',
    summary: 'Orders that an order is undone',
    answer: orderAnswer,
  })
  async undo(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: undoBody }) { reason }: z.output<typeof undoBody>,
    @Caller() { name }: ApiCaller,
  ): Promise<OrderAnswer> {
    const undone = await this.desk.order(id);
    if (undone.state !== 'done' || undone.dryRun || undone.undoes !== null)
      throw new InvalidInput('CONTAINMENT_STATE', 'only an action that was done can be undone');
    const { incidentId, cluster, action, subject, namespace } = undone;
    return this.#add({
      ...{ incidentId, cluster, action, subject, namespace, reason },
      ...{ author: name, dryRun: false, undoes: id, isRequest: false },
    });
  }

  @Get('incidents/:id/containment')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Actions that contain an incident, and its orders',
    answer: incidentContainmentAnswer,
  })
  async ofIncident(
    @Param('id', { schema: idParameter }) id: string,
  ): Promise<z.output<typeof incidentContainmentAnswer>> {
    const incident = await this.desk.incident(id);
    const [offers, orders] = await Promise.all([this.desk.offers(incident), this.orders.of(id)]);
    return { isEnabled: this.desk.isEnabled, offers, orders: orders.map(describeOrder) };
  }

  @Post('incidents/:id/containment')
  @Operation({
    role: 'responder',
    scope: 'rows',
    action: 'containment.ordered',
    summary: 'Orders an action that contains an incident; what a responder orders waits for a maintainer',
    answer: orderAnswer,
  })
  async order(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: orderBody }) body: z.output<typeof orderBody>,
    @Caller() { name, role }: ApiCaller,
  ): Promise<OrderAnswer> {
    const incident = await this.desk.incident(id);
    const { action, cluster, subject, reason, dryRun } = body;
    const offer = (await this.desk.offers(incident)).find(
      (each) =>
        each.action === action &&
        each.cluster === cluster &&
        each.subject.kind === subject.kind &&
        each.subject.namespace === subject.namespace &&
        each.subject.name === subject.name,
    );
    if (!offer) throw new InvalidInput('CONTAINMENT_SUBJECT_UNKNOWN', 'the incident is not about that object');
    return this.#add({
      ...{ incidentId: id, cluster, action, subject: offer.subject, namespace: subject.namespace, reason },
      ...{ author: name, dryRun, undoes: null, isRequest: !dryRun && !includesRole(role, 'maintainer') },
    });
  }

  async #add({
    isRequest,
    ...order
  }: Pick<
    ContainmentOrderRow,
    'incidentId' | 'cluster' | 'action' | 'subject' | 'namespace' | 'reason' | 'author' | 'dryRun' | 'undoes'
  > & { isRequest: boolean }): Promise<OrderAnswer> {
    const id = uuidv7();
    return this.store.unlimited(async () => {
      const issued = this.desk.sign(await this.#draftOf({ id, ...order }));
      const waiting = { state: 'requested', envelope: null, expiresAt: new Date(Date.now() + requestMs) } as const;
      await this.store.transaction(async (tx) =>
        this.orders.add(tx, { id, ...order, ...(isRequest ? waiting : { state: 'ordered', ...issued }) }),
      );
      return describeOrder(await this.desk.order(id));
    });
  }

  async #draftOf({
    id,
    cluster,
    action,
    subject,
    author,
    reason,
    dryRun,
    undoes,
    incidentId,
  }: Omit<OrderDraft, 'incident'> & { incidentId: string }): Promise<OrderDraft> {
    const { number } = await this.desk.incident(incidentId);
    return { id, cluster, action, subject, author, reason, dryRun, undoes, incident: `INC-${number}` };
  }
}

function describeOrder({ envelope: _, report: __, evidence: ___, ...listed }: ContainmentOrderRow): OrderAnswer {
  return describeListed(listed);
}

function describeListed({ namespace: _, ...shown }: ListedOrder): OrderAnswer {
  return shown;
}
