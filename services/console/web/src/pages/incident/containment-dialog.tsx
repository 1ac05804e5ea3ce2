import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useLayoutEffect, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';

import { answerOf, client } from '../../api/client.js';
import type { ContainmentOffer, ContainmentOrder } from '../../api/types.js';
import { pauseKeys } from '../../frame/keys.js';
import { notify } from '../../parts/toasts.js';
import { useMe } from '../../parts/use-me.js';

/** Question that a dialog asks: to order an action, or to undo one. */
export type ContainmentQuestion = { offer: ContainmentOffer; dryRun: boolean } | { undo: ContainmentOrder };

interface Props {
  incidentId: string;
  question: ContainmentQuestion;
  close: () => void;
}

/** Shows what the agent would change, and asks for the reason. */
export function ContainmentDialog({ incidentId, question, close }: Props) {
  const queries = useQueryClient();
  const id = useId();
  const [reason, setReason] = useState('');
  const { title, effects, verb, done } = textsOf(question, useMe().may('maintainer'));
  useLayoutEffect(() => {
    pauseKeys(true);
    return () => pauseKeys(false);
  }, []);
  const send = useMutation({
    mutationFn: async () => order(incidentId, question, reason),
    onSuccess: async () => {
      close();
      notify(done);
      await queries.invalidateQueries({ queryKey: ['incidents'] });
    },
    onError: (error) => notify(error.message, true),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate();
  };
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="modal">
        <Dialog>
          <Heading slot="title">{title}</Heading>
          <ul>
            {effects.map((effect) => (
              <li key={effect}>{effect}</li>
            ))}
          </ul>
          <form className="form" onSubmit={submit}>
            <label htmlFor={`${id}reason`}>Reason</label>
            <input
              id={`${id}reason`}
              required
              autoFocus
              maxLength={2_000}
              value={reason}
              onChange={({ target }) => setReason(target.value)}
            />
            <Button type="submit" className="primary" isPending={send.isPending}>
              {verb}
            </Button>
          </form>
          <Button className="plain" onPress={close}>
            Cancel
          </Button>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

async function order(incidentId: string, question: ContainmentQuestion, reason: string): Promise<unknown> {
  if ('undo' in question) {
    const path = { id: question.undo.id };
    return answerOf(client.POST('/api/v1/containment/{id}/undo', { params: { path }, body: { reason } }));
  }
  const { action, cluster, subject } = question.offer;
  const { kind, namespace, name } = subject;
  const body = { action, cluster, subject: { kind, namespace, name }, reason, dryRun: question.dryRun };
  return answerOf(client.POST('/api/v1/incidents/{id}/containment', { params: { path: { id: incidentId } }, body }));
}

function textsOf(question: ContainmentQuestion, isMaintainer: boolean) {
  if ('undo' in question) {
    const { action, subject } = question.undo;
    const effects = ['The agent restores what it recorded before the action.'];
    return { title: `Undo ${action} of ${subject.kind} ${subject.name}`, effects, verb: 'Undo', done: 'Undo ordered' };
  }
  const { title, effects, undoEffect } = question.offer;
  if (question.dryRun)
    return {
      title: `Try: ${title}`,
      effects: ['Nothing changes: the agent reports what it would do.', ...effects],
      ...tried,
    };
  const all = [...effects, undoEffect === null ? 'It cannot be undone.' : `Undo: ${undoEffect}`];
  return isMaintainer
    ? { title, effects: all, verb: 'Order', done: 'Ordered' }
    : { title, effects: all, verb: 'Request', done: 'Requested: a maintainer approves it within an hour' };
}

const tried = { verb: 'Try', done: 'Dry run ordered' };
