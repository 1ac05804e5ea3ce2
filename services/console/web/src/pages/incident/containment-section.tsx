import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { answerOf, client } from '../../api/client.js';
import { incidentContainment } from '../../api/queries.js';
import type { ContainmentOrder } from '../../api/types.js';
import { ActionButton } from '../../parts/action-button.js';
import { dialogLater } from '../../parts/later.js';
import { Stamp, type StampKind } from '../../parts/marks.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { useMe } from '../../parts/use-me.js';
import { dotted } from '../../parts/words.js';
import type { ContainmentQuestion } from './containment-dialog.js';

const ContainmentDialog = dialogLater(async () => (await import('./containment-dialog.js')).ContainmentDialog);

/** Actions of the agent that contain the incident, and its orders; nothing where orders are off. */
export function ContainmentSection({ incidentId }: { incidentId: string }) {
  const { data } = useQuery(incidentContainment(incidentId));
  const { may } = useMe();
  const [question, setQuestion] = useState<ContainmentQuestion | null>(null);
  if (data === undefined || (!data.isEnabled && data.orders.length === 0)) return null;
  const { offers, orders } = data;
  return (
    <Section title="Containment" note="orders to the agent of the cluster, which its own policy may refuse">
      {offers.length === 0 && orders.length === 0 && <p>No agent has reported an object of this incident.</p>}
      {may('responder') && (
        <ul className="lines">
          {offers.map((offer) => (
            <li key={`${offer.cluster} ${offer.action} ${offer.title}`}>
              {offer.title} <small className="quiet">{offer.cluster}</small>{' '}
              <Button
                className="plain"
                aria-label={`Try: ${offer.title}`}
                onPress={() => setQuestion({ offer, dryRun: true })}
              >
                Try
              </Button>{' '}
              <Button className="plain" onPress={() => setQuestion({ offer, dryRun: false })}>
                {may('maintainer') ? 'Order' : 'Request'}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <ul className="lines">
        {orders.map((order) => (
          <OrderLine key={order.id} order={order} undo={() => setQuestion({ undo: order })} />
        ))}
      </ul>
      {question !== null && (
        <ContainmentDialog incidentId={incidentId} question={question} close={() => setQuestion(null)} />
      )}
    </Section>
  );
}

function OrderLine({ order, undo }: { order: ContainmentOrder; undo: () => void }) {
  const { may } = useMe();
  const { id, action, subject, cluster, state, dryRun, undoes, author, approvedBy, reason, code, createdAt } = order;
  const canUndo = state === 'done' && !dryRun && undoes === null;
  return (
    <li>
      <Stamp kind={stampOf(state)}>{state}</Stamp> {undoes !== null && 'undo '}
      {action} {[subject.kind, subject.namespace, subject.name].filter(Boolean).join('/')}{' '}
      <small className="quiet">
        {dotted(cluster, dryRun && 'dry run', code, `by ${author}`, approvedBy && `approved by ${approvedBy}`, reason)}
      </small>{' '}
      <Moment at={createdAt} />{' '}
      {may('maintainer') && state === 'requested' && (
        <ActionButton
          run={async () => answerOf(client.POST('/api/v1/containment/{id}/approve', { params: { path: { id } } }))}
          done="The order is signed"
          changes={[['incidents']]}
          kind="plain"
        >
          Approve
        </ActionButton>
      )}
      {may('maintainer') && canUndo && (
        <Button className="plain" onPress={undo}>
          Undo
        </Button>
      )}
    </li>
  );
}

function stampOf(state: ContainmentOrder['state']): StampKind {
  if (state === 'done' || state === 'undone') return 'good';
  return state === 'refused' || state === 'failed' || state === 'expired' ? 'bad' : 'waiting';
}
