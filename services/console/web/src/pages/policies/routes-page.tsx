import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { replayRouting } from '../../api/changes.js';
import { PageHead } from '../../parts/page.js';
import { PolicyTabs } from './policy-tabs.js';
import { ReplayResult } from './replay-result.js';

const dayMs = 86_400_000;

/** Replays past events against a routing.yaml before it is used. */
export function RoutesPage() {
  const id = useId();
  const [routing, setRouting] = useState('');
  const [days, setDays] = useState('7');
  const [receiver, setReceiver] = useState('');
  const replay = useMutation({
    mutationFn: () =>
      replayRouting({
        routing,
        since: new Date(Date.now() - Number(days) * dayMs).toISOString(),
        ...(receiver.trim() !== '' && { receiver: receiver.trim() }),
      }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    replay.mutate();
  };
  const readFile = async (file: File | undefined) => file && setRouting(await file.text());
  return (
    <>
      <PageHead title="Routes" about="Test a routing.yaml against the past before it is used; nothing is sent" />
      <PolicyTabs />
      <form className="form" onSubmit={submit}>
        <label htmlFor={`${id}routing`}>Content of a routing.yaml</label>
        <textarea
          id={`${id}routing`}
          rows={12}
          required
          spellCheck={false}
          placeholder={'route:\n  receiver: team\nreceivers:\n  - name: team'}
          value={routing}
          onChange={({ target }) => setRouting(target.value)}
        />
        <label htmlFor={`${id}file`}>or a file</label>
        <input
          id={`${id}file`}
          type="file"
          accept=".yaml,.yml"
          onChange={({ target }) => void readFile(target.files?.[0])}
        />
        <label htmlFor={`${id}days`}>Over the last days</label>
        <input
          id={`${id}days`}
          type="number"
          min="1"
          max="90"
          required
          value={days}
          onChange={({ target }) => setDays(target.value)}
        />
        <label htmlFor={`${id}receiver`}>Only this receiver</label>
        <input id={`${id}receiver`} value={receiver} onChange={({ target }) => setReceiver(target.value)} />
        <div className="actions">
          <Button type="submit" className="primary" isPending={replay.isPending}>
            Replay
          </Button>
        </div>
        <p role="alert">{replay.error?.message}</p>
      </form>
      {replay.data && <ReplayResult replay={replay.data} />}
    </>
  );
}
