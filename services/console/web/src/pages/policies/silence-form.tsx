import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { addSilence, previewSilence } from '../../api/changes.js';
import { notify } from '../../parts/toasts.js';
import { counted, labelsText } from '../../parts/words.js';
import { readMatchers } from './silence-state.js';

const durations = [
  ['1', '1 hour'],
  ['8', '8 hours'],
  ['24', '1 day'],
  ['168', '1 week'],
] as const;

/** Makes a silence after it has shown which alerts that fire now it would suppress. */
export function SilenceForm() {
  const id = useId();
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [comment, setComment] = useState('');
  const [hours, setHours] = useState('8');
  const matchers = readMatchers(text);
  const preview = useMutation({ mutationFn: () => previewSilence(matchers) });
  const add = useMutation({
    mutationFn: () =>
      addSilence({ matchers, comment, endsAt: new Date(Date.now() + Number(hours) * 3_600_000).toISOString() }),
    onSuccess: () => {
      notify('The silence is active');
      setText('');
      setComment('');
      preview.reset();
      return client.invalidateQueries({ queryKey: ['silences'] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <details className="form">
      <summary>New silence</summary>
      <form onSubmit={submit}>
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
        <label htmlFor={`${id}hours`}>For</label>
        <select id={`${id}hours`} value={hours} onChange={({ target }) => setHours(target.value)}>
          {durations.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        <div className="actions">
          <Button
            className="button"
            isDisabled={matchers.length === 0}
            isPending={preview.isPending}
            onPress={() => preview.mutate()}
          >
            Preview
          </Button>
          <Button type="submit" className="primary" isPending={add.isPending}>
            Silence
          </Button>
        </div>
        <p role="alert">{add.error?.message ?? preview.error?.message}</p>
        {preview.data && <Preview {...preview.data} />}
      </form>
    </details>
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
