import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { EntryKind } from '@tidewaiter/domain';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';

import { addEntry, checkEntry, checkRegistryDocument, replaceEntry } from '../../api/changes.js';
import type { Entry } from '../../api/types.js';
import { notify } from '../../parts/toasts.js';
import { entryPages } from './entry-kinds.js';
import { type Document, type EntryField, firstToFill, textOf, withTexts } from './entry-values.js';

interface Props {
  kind: EntryKind;
  /** The entry to change; null for a new one. */
  entry: Entry | null;
  /** Document that a new entry starts with. */
  start?: Document;
  done: () => void;
}

/** Form of an entry. The server checks it, before and when it is saved. */
export function EntryForm({ kind, entry, start = {}, done }: Props) {
  const id = useId();
  const client = useQueryClient();
  const { fields } = entryPages[kind];
  const before: Document = entry?.document ?? start;
  const [texts, setTexts] = useState(() =>
    Object.fromEntries(fields.map((field) => [field.path, textOf(field, before)])),
  );
  const [toFill] = useState(() => (entry === null ? firstToFill(fields, texts) : undefined));
  const [comment, setComment] = useState('');
  const document = withTexts(before, fields, texts);
  const reason = comment.trim() === '' ? {} : { comment };
  const check = useMutation({ mutationFn: () => checkEntry(kind, document) });
  const save = useMutation({
    mutationFn: () =>
      entry === null
        ? addEntry(kind, { document, ...reason })
        : replaceEntry(kind, entry.name, { document, version: entry.version ?? 1, ...reason }),
    onSuccess: async ({ name }) => {
      notify(`${name} is saved, and in effect within seconds`);
      await client.invalidateQueries({ queryKey: ['entries', kind] });
      done();
    },
  });
  const connect = useMutation({ mutationFn: () => checkRegistryDocument(document) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const change = (path: string, text: string) => {
    setTexts({ ...texts, [path]: text });
    check.reset();
    connect.reset();
  };
  const refused = (save.error ?? connect.error)?.message.split('\n');
  const problems = refused ?? check.data?.problems ?? (connect.data?.isUsable === false ? [connect.data.text] : []);
  return (
    <form className="form" onSubmit={submit}>
      {fields.map((field) => (
        <EntryInput
          key={field.path}
          id={`${id}${field.path}`}
          field={field}
          text={texts[field.path] ?? ''}
          isStored={entry?.secrets.includes(field.path) ?? false}
          isFixed={field.path === 'name' && entry !== null}
          autoFocus={field.path === toFill}
          change={(text) => change(field.path, text)}
        />
      ))}
      <label htmlFor={`${id}comment`}>Reason for the change, for the history</label>
      <input id={`${id}comment`} value={comment} onChange={({ target }) => setComment(target.value)} />
      <div className="actions">
        <Button className="button" isPending={check.isPending} onPress={() => check.mutate()}>
          Check
        </Button>
        {kind === 'registries' && (
          <Button className="button" isPending={connect.isPending} onPress={() => connect.mutate()}>
            Test the connection
          </Button>
        )}
        <Button type="submit" className="primary" isPending={save.isPending}>
          Save
        </Button>
        <Button className="plain" onPress={done}>
          Cancel
        </Button>
      </div>
      <div role="alert">
        {problems.length > 0 && (
          <ul className="lines">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        )}
        {check.error?.message}
      </div>
      <p role="status">
        {check.data?.isValid && 'This can be saved.'} {connect.data?.isUsable && connect.data.text}
      </p>
    </form>
  );
}

interface InputProps {
  id: string;
  field: EntryField;
  text: string;
  /** Whether a secret is stored, which an empty field keeps. */
  isStored: boolean;
  isFixed: boolean;
  autoFocus: boolean;
  change: (text: string) => void;
}

function EntryInput({ id, field, text, isStored, isFixed, autoFocus, change }: InputProps) {
  const { label, type, isRequired = false, placeholder, values = [] } = field;
  if (type === 'flag')
    return (
      <label className="check">
        <input
          type="checkbox"
          checked={text === 'true'}
          onChange={({ target }) => change(target.checked ? 'true' : '')}
        />
        {label}
      </label>
    );
  const common = {
    id,
    value: text,
    required: isRequired,
    placeholder: isStored ? 'stored; empty keeps it' : placeholder,
    spellCheck: false,
    autoFocus,
    onChange: ({ target }: { target: { value: string } }) => change(target.value),
  };
  // An exception that is over already is refused.
  const firstDay = type === 'day' ? new Date().toISOString().slice(0, 10) : undefined;
  const inputTypes: Partial<Record<EntryField['type'], string>> = { day: 'date', secret: 'password' };
  return (
    <>
      <label htmlFor={id}>{label}</label>
      {type === 'choice' ? (
        <select id={id} value={text} onChange={common.onChange}>
          {values.map((value) => (
            <option key={value}>{value}</option>
          ))}
        </select>
      ) : type === 'long' || type === 'list' ? (
        <textarea {...common} rows={type === 'list' ? 2 : 6} />
      ) : (
        <input {...common} type={inputTypes[type] ?? 'text'} min={firstDay} autoComplete="off" readOnly={isFixed} />
      )}
    </>
  );
}
