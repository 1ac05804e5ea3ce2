import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import {
  checkRouting,
  removeRouting,
  replayRouting,
  saveRouting,
  testRouting,
  undoRouting,
} from '../../api/changes.js';
import { routing as managedRouting } from '../../api/queries.js';
import type { Routing } from '../../api/types.js';
import { ActionButton } from '../../parts/action-button.js';
import { PageHead } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { notify } from '../../parts/toasts.js';
import { useMe } from '../../parts/use-me.js';
import { PolicyTabs } from './policy-tabs.js';
import { ReplayResult } from './replay-result.js';
import { effectText } from './routing-effect.js';
import { RoutingFiles } from './routing-files.js';
import { RoutingHistory } from './routing-history.js';
import { readLabels } from './routing-labels.js';

const dayMs = 86_400_000;

/** The managed routing: edited, checked, tested with labels and against the past, and saved. */
export function RoutesPage() {
  const stored = useQuery(managedRouting);
  return (
    <>
      <PageHead title="Routes" about="Who is notified of what; tests send nothing" />
      <PolicyTabs />
      <Loaded read={stored}>
        {(routing) => (
          <>
            {routing.state === 'overridden' && (
              <p className="notice">
                The notifier has a <code>routing.yaml</code> with channels (<code>TIDEWAITER_ROUTING</code>). That file
                is in effect and is changed on its machine; <Link to="/policies/channels">Channels</Link> has its
                receivers. What is saved here takes its place once the file has no channel.
              </p>
            )}
            <RoutingFiles files={routing.files} />
            <RoutingForm key={routing.version} stored={routing} />
          </>
        )}
      </Loaded>
      <RoutingHistory />
    </>
  );
}

function RoutingForm({ stored }: { stored: Routing }) {
  const id = useId();
  const client = useQueryClient();
  const { may } = useMe();
  const [text, setText] = useState(stored.text ?? '');
  const [comment, setComment] = useState('');
  const [days, setDays] = useState('7');
  const [receiver, setReceiver] = useState('');
  const [labels, setLabels] = useState('severity=high kind=vulnerability');
  const check = useMutation({ mutationFn: () => checkRouting(text) });
  const test = useMutation({
    mutationFn: async () => {
      const read = readLabels(labels);
      if (read === null) throw new Error('Give labels as severity=high owner=team-shop');
      return testRouting(text, read);
    },
  });
  const replay = useMutation({
    mutationFn: () =>
      replayRouting({
        routing: text,
        since: new Date(Date.now() - Number(days) * dayMs).toISOString(),
        ...(receiver.trim() !== '' && { receiver: receiver.trim() }),
      }),
  });
  const save = useMutation({
    mutationFn: () =>
      saveRouting({
        text,
        ...(stored.version !== null && { version: stored.version }),
        ...(comment.trim() !== '' && { comment }),
      }),
    onSuccess: ({ state }) => {
      notify(`The routing is saved, ${effectText(state)}`);
      return client.invalidateQueries({ queryKey: ['routing'] });
    },
  });
  const change = (value: string) => {
    setText(value);
    check.reset();
    save.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    replay.mutate();
  };
  const readFile = async (file: File | undefined) => file && change(await file.text());
  const problems = save.error?.message.split('\n') ?? check.data?.problems ?? [];
  const failure = replay.error ?? test.error ?? check.error;
  return (
    <>
      <form className="form" onSubmit={submit}>
        <label htmlFor={`${id}routing`}>
          {stored.isRedacted
            ? 'Content of a routing.yaml, without comments and secrets'
            : 'Content of a routing.yaml; secrets are in files that it names'}
        </label>
        <textarea
          id={`${id}routing`}
          rows={14}
          required
          spellCheck={false}
          placeholder={'route:\n  receiver: team\nreceivers:\n  - name: team'}
          value={text}
          onChange={({ target }) => change(target.value)}
        />
        <label htmlFor={`${id}file`}>or a file</label>
        <input
          id={`${id}file`}
          type="file"
          accept=".yaml,.yml"
          onChange={({ target }) => void readFile(target.files?.[0])}
        />
        {may('maintainer') && (
          <>
            <label htmlFor={`${id}comment`}>Reason for the change, for the history</label>
            <input id={`${id}comment`} value={comment} onChange={({ target }) => setComment(target.value)} />
          </>
        )}
        <div className="actions">
          <Button className="button" isPending={check.isPending} onPress={() => check.mutate()}>
            Check
          </Button>
          {may('maintainer') && (
            <Button className="primary" isPending={save.isPending} onPress={() => save.mutate()}>
              Save
            </Button>
          )}
          {may('maintainer') && stored.version !== null && (
            <ActionButton
              run={() => removeRouting(stored.version ?? 1)}
              done="The managed routing is deleted; its versions can bring it back"
              changes={[['routing']]}
              undo={async ({ version }) => version !== null && undoRouting({ version, to: stored.version ?? version })}
            >
              Delete
            </ActionButton>
          )}
        </div>
        <div role="alert">
          {problems.length > 0 && (
            <ul className="lines">
              {problems.map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          )}
          {failure?.message}
        </div>
        <p role="status">{check.data?.isValid && 'This can be saved.'}</p>
        <label htmlFor={`${id}labels`}>Labels of an alert, to see who would get it</label>
        <input id={`${id}labels`} value={labels} onChange={({ target }) => setLabels(target.value)} />
        <div className="actions">
          <Button className="button" isPending={test.isPending} onPress={() => test.mutate()}>
            Test
          </Button>
        </div>
        <p role="status">{test.data?.items.map(({ receiver: name, route }) => `${name} by ${route}`).join(', ')}</p>
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
          <Button type="submit" className="button" isPending={replay.isPending}>
            Replay
          </Button>
        </div>
      </form>
      {replay.data && <ReplayResult replay={replay.data} />}
    </>
  );
}
