import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { addEntry, checkRegistry } from '../../api/changes.js';
import type { Entry, RegistryKinds } from '../../api/types.js';
import { useMe } from '../../parts/use-me.js';
import { randomSecret } from './random-secret.js';
import { NeedsRole, Step } from './step.js';

interface Props {
  guide: RegistryKinds;
  registries: readonly Entry[];
  chosen: Entry | undefined;
  /** @param secret that the browser has just made; it is known nowhere else */
  choose: (name: string, secret?: string) => void;
}

/** Step 1: a registry that is configured already, or a new one. */
export function RegistryStep({ guide, registries, chosen, choose }: Props) {
  const id = useId();
  const { may } = useMe();
  const [isNew, setIsNew] = useState(registries.length === 0);
  const titleOf = ({ document }: Entry) => kindOf(guide, document['kind'])?.title ?? String(document['kind']);
  return (
    <Step number={1} title="Choose a registry" state={chosen ? 'done' : 'open'}>
      {registries.length > 0 && (
        <fieldset className="choices">
          <legend>Registries that are configured</legend>
          {registries.map((entry) => (
            <label key={`${entry.source} ${entry.name}`} className="check">
              <input
                type="radio"
                name={id}
                checked={!isNew && chosen?.name === entry.name}
                onChange={() => {
                  setIsNew(false);
                  choose(entry.name);
                }}
              />
              <span>
                {entry.name}{' '}
                <small className="quiet">
                  {titleOf(entry)} at {String(entry.document['url'])}
                  {entry.source === 'file' && `, tidewaiter.yaml:${entry.line}`}
                </small>
              </span>
            </label>
          ))}
          <label className="check">
            <input type="radio" name={id} checked={isNew} onChange={() => setIsNew(true)} />
            Another one
          </label>
        </fieldset>
      )}
      {isNew && !may('maintainer') && <NeedsRole role="maintainer">Registries are added by maintainers.</NeedsRole>}
      {isNew && may('maintainer') && (
        <NewRegistry
          guide={guide}
          taken={registries.map(({ name }) => name)}
          added={(name, secret) => {
            setIsNew(false);
            choose(name, secret);
          }}
        />
      )}
      {!isNew && chosen && may('maintainer') && <ConnectionTest key={chosen.name} name={chosen.name} />}
    </Step>
  );
}

/** The kind by its name or an alias. */
export function kindOf(guide: RegistryKinds, name: unknown): RegistryKinds['items'][number] | undefined {
  return guide.items.find(({ kind, aliases }) => kind === name || aliases.some((alias) => alias === name));
}

interface NewProps {
  guide: RegistryKinds;
  taken: readonly string[];
  added: (name: string, secret: string) => void;
}

function NewRegistry({ guide, taken, added }: NewProps) {
  const id = useId();
  const client = useQueryClient();
  const [kind, setKind] = useState(guide.items[0]!.kind);
  const [name, setName] = useState<string | null>(null);
  const [url, setUrl] = useState('');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [isPrivate, setIsPrivate] = useState(false);
  const shownName = name ?? freeName(kind, taken);
  const add = useMutation({
    mutationFn: async () => {
      const webhookSecret = randomSecret();
      const document = {
        ...{ name: shownName, kind, url: url.trim(), webhookSecret },
        ...(username !== '' && { credentials: { username, password } }),
        ...(isPrivate && { allowPrivate: true }),
      };
      await addEntry('registries', { document, comment: 'first steps' });
      return webhookSecret;
    },
    onSuccess: async (secret) => {
      await client.invalidateQueries({ queryKey: ['entries', 'registries'] });
      added(shownName, secret);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const example = kindOf(guide, kind)?.url;
  return (
    <form className="form" onSubmit={submit}>
      <label htmlFor={`${id}kind`}>Kind of registry</label>
      <select id={`${id}kind`} value={kind} onChange={({ target }) => setKind(target.value)}>
        {guide.items.map((each) => (
          <option key={each.kind} value={each.kind}>
            {each.title}
          </option>
        ))}
      </select>
      <label htmlFor={`${id}name`}>Name, the last part of its webhook address</label>
      <input id={`${id}name`} required value={shownName} onChange={({ target }) => setName(target.value)} />
      <label htmlFor={`${id}url`}>Address</label>
      <input
        id={`${id}url`}
        required
        type="url"
        placeholder={example}
        value={url}
        onChange={({ target }) => setUrl(target.value)}
      />
      <label htmlFor={`${id}user`}>User for reading images, where the registry asks for one</label>
      <input
        id={`${id}user`}
        autoComplete="off"
        value={username}
        onChange={({ target }) => setUsername(target.value)}
      />
      <label htmlFor={`${id}password`}>Password or token of that user</label>
      <input
        id={`${id}password`}
        type="password"
        autoComplete="off"
        required={username !== ''}
        value={password}
        onChange={({ target }) => setPassword(target.value)}
      />
      <label className="check">
        <input type="checkbox" checked={isPrivate} onChange={({ target }) => setIsPrivate(target.checked)} />
        On a private address
      </label>
      {isPrivate && !guide.management.allowPrivate && (
        <p className="notice">
          An operator has to allow that in <code>tidewaiter.yaml</code>:{' '}
          <code>{'management: { allowPrivate: true }'}</code>. A registry under <code>registries:</code> of that file
          may be on a private address in any case.
        </p>
      )}
      <div className="actions">
        <Button type="submit" className="primary" isPending={add.isPending}>
          Add the registry
        </Button>
      </div>
      <div role="alert">
        {add.error?.message.split('\n').map((problem) => (
          <p key={problem}>{problem}</p>
        ))}
      </div>
    </form>
  );
}

function freeName(kind: string, taken: readonly string[]): string {
  let name = kind;
  for (let number = 2; taken.includes(name); number += 1) name = `${kind}-${number}`;
  return name;
}

/** Connects with the credentials of the registry, and shows the answer. */
function ConnectionTest({ name }: { name: string }) {
  const test = useMutation({ mutationFn: () => checkRegistry(name) });
  const failed = test.error?.message ?? (test.data?.isUsable === false ? test.data.text : undefined);
  return (
    <>
      <div className="actions">
        <Button className="button" isPending={test.isPending} onPress={() => test.mutate()}>
          Test the connection to {name}
        </Button>
      </div>
      <p role="status">{test.data?.isUsable && test.data.text}</p>
      <div role="alert">{failed !== undefined && <p className="notice">{failed}</p>}</div>
    </>
  );
}
