import { useQuery } from '@tanstack/react-query';
import { type Resolution, resolutions } from '@tidewaiter/domain';
import { type FormEvent, useId, useLayoutEffect, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';

import { assignees } from '../../api/queries.js';
import { pauseKeys } from '../../frame/keys.js';
import { absoluteTime } from '../../parts/relative-time.js';
import { useMe } from '../../parts/use-me.js';
import { draftOf, keepDraft } from './comment-drafts.js';
import { reasonWords, snoozeChoices, type TriageAct } from './triage-acts.js';
import type { Triaged } from './use-triage.js';

export type DialogKind = 'assign' | 'snooze' | 'comment' | 'resolve';

interface Props {
  kind: DialogKind;
  incidents: readonly Triaged[];
  act: (act: TriageAct) => void;
  close: () => void;
}

const verbs: Record<DialogKind, string> = {
  assign: 'Assign',
  snooze: 'Snooze',
  comment: 'Comment on',
  resolve: 'Resolve',
};

/** Asks what an act on incidents needs. */
export function TriageDialog({ kind, incidents, act, close }: Props) {
  useLayoutEffect(() => {
    pauseKeys(true);
    return () => pauseKeys(false);
  }, []);
  const finish = (chosen: TriageAct) => {
    close();
    act(chosen);
  };
  const [only] = incidents;
  const subject = incidents.length === 1 ? `INC-${only!.number}` : `${incidents.length} incidents`;
  const Form = forms[kind];
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="modal">
        <Dialog>
          <Heading slot="title">
            {verbs[kind]} {subject}
          </Heading>
          <Form incidents={incidents} finish={finish} />
          <Button className="plain" onPress={close}>
            Cancel
          </Button>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

interface FormProps {
  incidents: readonly Triaged[];
  finish: (act: TriageAct) => void;
}

function AssignForm({ incidents, finish }: FormProps) {
  const { name: own } = useMe();
  const { data, error } = useQuery(assignees(incidents.length === 1 ? incidents[0]!.id : undefined));
  const others = (data?.items ?? []).map(({ name }) => name).filter((name) => name !== own);
  return (
    <div className="choices">
      {own !== undefined && (
        <Button className="button" autoFocus onPress={() => finish({ kind: 'assign', assignee: own })}>
          Me <small className="quiet">{own}</small>
        </Button>
      )}
      {others.map((name) => (
        <Button key={name} className="button" onPress={() => finish({ kind: 'assign', assignee: name })}>
          {name}
        </Button>
      ))}
      <Button className="button" onPress={() => finish({ kind: 'assign', assignee: null })}>
        Nobody
      </Button>
      {error !== null && <p role="alert">{error.message}</p>}
    </div>
  );
}

function SnoozeForm({ finish }: FormProps) {
  const id = useId();
  const [choices] = useState(() => snoozeChoices(new Date()));
  const [until, setUntil] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    finish({ kind: 'snooze', until: new Date(until) });
  };
  return (
    <>
      <p>It comes back at its time, or as soon as something new happens in it.</p>
      <div className="choices">
        {choices.map(([text, time], index) => (
          <Button
            key={text}
            className="button"
            autoFocus={index === 0}
            onPress={() => finish({ kind: 'snooze', until: time })}
          >
            {text} <small className="quiet">{absoluteTime(time.toISOString())}</small>
          </Button>
        ))}
      </div>
      <form className="form" onSubmit={submit}>
        <label htmlFor={`${id}until`}>Until</label>
        <span className="line">
          <input
            id={`${id}until`}
            type="datetime-local"
            required
            min={localMinute(new Date())}
            value={until}
            onChange={({ target }) => setUntil(target.value)}
          />
          <Button type="submit" className="button">
            Snooze
          </Button>
        </span>
      </form>
    </>
  );
}

/** A time as an input has it: in the zone of the browser. */
function localMinute(time: Date): string {
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** Text of a comment, which outlives a dialog that was closed without it. */
function useDraft(incidents: readonly Triaged[]): [string, (text: string) => void] {
  const [text, setText] = useState(() => draftOf(incidents));
  const set = (next: string) => {
    keepDraft(incidents, next);
    setText(next);
  };
  return [text, set];
}

function CommentForm({ incidents, finish }: FormProps) {
  const id = useId();
  const [comment, setComment] = useDraft(incidents);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    finish({ kind: 'comment', comment });
  };
  return (
    <form className="form" onSubmit={submit}>
      <CommentField id={id} value={comment} set={setComment} isRequired />
      <Button type="submit" className="primary">
        Comment
      </Button>
    </form>
  );
}

function ResolveForm({ incidents, finish }: FormProps) {
  const id = useId();
  const [reason, setReason] = useState<Resolution>('fixed');
  const [comment, setComment] = useDraft(incidents);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    finish({ kind: 'resolve', reason, comment: comment.trim() });
  };
  return (
    <form className="form" onSubmit={submit}>
      <fieldset>
        <legend>Reason</legend>
        {resolutions.map((value) => (
          <label key={value} className="check">
            <input
              type="radio"
              name={`${id}reason`}
              // The first key of a user goes to the reasons.
              autoFocus={value === reason}
              checked={value === reason}
              onChange={() => setReason(value)}
            />
            {reasonWords[value]}
          </label>
        ))}
      </fieldset>
      <CommentField id={id} value={comment} set={setComment} />
      <Button type="submit" className="primary">
        Resolve
      </Button>
    </form>
  );
}

interface FieldProps {
  id: string;
  value: string;
  set: (value: string) => void;
  isRequired?: boolean;
}

function CommentField({ id, value, set, isRequired = false }: FieldProps) {
  return (
    <>
      <label htmlFor={`${id}comment`}>Comment</label>
      <textarea
        id={`${id}comment`}
        rows={3}
        maxLength={4_000}
        required={isRequired}
        autoFocus={isRequired}
        value={value}
        onChange={({ target }) => set(target.value)}
        onKeyDown={({ key, ctrlKey, metaKey, currentTarget }) =>
          key === 'Enter' && (ctrlKey || metaKey) && currentTarget.form?.requestSubmit()
        }
      />
    </>
  );
}

const forms: Record<DialogKind, (props: FormProps) => React.ReactNode> = {
  assign: AssignForm,
  snooze: SnoozeForm,
  comment: CommentForm,
  resolve: ResolveForm,
};
