import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { addSilence, changeSilence, previewSilence } from '../../api/changes.js';
import type { Silence } from '../../api/types.js';
import { notify } from '../../parts/toasts.js';
import { counted, labelsText } from '../../parts/words.js';
import { readMatchers } from './silence-state.js';

const durations = [
  ['1', '1 hour'],
  ['8', '8 hours'],
  ['24', '1 day'],
  ['168', '1 week'],
] as const;

/** Folded form of a new silence. */
export function NewSilence() {
  // A new key is an empty form.
  const [made, setMade] = useState(0);
  return (
    <details className="form">
      <summary>New silence</summary>
      <SilenceForm key={made} silence={null} done={() => setMade(made + 1)} />
    </details>
  );
}

/** Makes or changes a silence after it has shown which alerts that fire now it would suppress. */
export function SilenceForm({ silence, done }: { silence: Silence | null; done: () => void }) {
  const id = useId();
  const client = useQueryClient();
  const [text, setText] = useState(silence?.matchers.join('\n') ?? '');
  const [comment, setComment] = useState(silence?.comment ?? '');
  const [hours, setHours] = useState(silence ? '' : '8');
  const [reason, setReason] = useState('');
  const matchers = readMatchers(text);
  const preview = useMutation({ mutationFn: () => previewSilence(matchers) });
  const save = useMutation({
    mutationFn: () => {
      const endsAt =
        silence && hours === '' ? silence.endsAt : new Date(Date.now() + Number(hours) * 3_600_000).toISOString();
      const content = { matchers, comment, endsAt };
      if (!silence) return addSilence(content);
      return changeSilence(silence.id, {
        ...content,
        version: silence.version,
        ...(reason.trim() !== '' && { reason }),
      });
    },
    onSuccess: () => {
      notify(silence ? 'The silence is changed' : 'The silence is active');
      done();
      return client.invalidateQueries({ queryKey: ['silences'] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className={silence ? 'form' : undefined} onSubmit={submit}>
      <label htmlFor={`${id}matchers`}>Matchers, one a line; all must match</label>
      <textarea
        id={`${id}matchers`}
        rows={3}
        required
        spellCheck={false}
        placeholder={'severity="low"\nrepository=~"shop/.*"'}
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          preview.reset();
        }}
      />
      <label htmlFor={`${id}comment`}>Reason</label>
      <input id={`${id}comment`} required value={comment} onChange={({ target }) => setComment(target.value)} />
      <label htmlFor={`${id}hours`}>{silence ? 'Until' : 'For'}</label>
      <select id={`${id}hours`} value={hours} onChange={({ target }) => setHours(target.value)}>
        {silence && <option value="">as before</option>}
        {durations.map(([value, label]) => (
          <option key={value} value={value}>
            {silence ? `${label} from now` : label}
          </option>
        ))}
      </select>
      {silence && (
        <>
          <label htmlFor={`${id}change`}>Reason for the change, for the history</label>
          <input id={`${id}change`} value={reason} onChange={({ target }) => setReason(target.value)} />
        </>
      )}
      <div className="actions">
        <Button
          className="button"
          isDisabled={matchers.length === 0}
          isPending={preview.isPending}
          onPress={() => preview.mutate()}
        >
          Preview
        </Button>
        <Button type="submit" className="primary" isPending={save.isPending}>
          {silence ? 'Save' : 'Silence'}
        </Button>
        {silence && (
          <Button className="plain" onPress={done}>
            Cancel
          </Button>
        )}
      </div>
      <p role="alert">{save.error?.message ?? preview.error?.message}</p>
      {preview.data && <Preview {...preview.data} />}
    </form>
  );
}

interface PreviewProps {
  firing: number;
  hidden: number;
  alerts: { labels: Record<string, string> }[];
  lastWeek: { fired: number; hidden: number };
}

function Preview({ firing, hidden, alerts, lastWeek }: PreviewProps) {
  return (
    <div role="status">
      <p>
        Suppresses {hidden} of {counted(firing, 'alert')} that fire now.
      </p>
      <ul className="lines">
        {alerts.map(({ labels }) => (
          <li key={labelsText(labels)} className="mono">
            {labelsText(labels)}
          </li>
        ))}
      </ul>
      {hidden > alerts.length && <p className="quiet">{hidden - alerts.length} more</p>}
      <p>
        Would have suppressed {lastWeek.hidden} of {counted(lastWeek.fired, 'alert')} of the last 7 days.
      </p>
    </div>
  );
}
