import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { Button } from 'react-aria-components/Button';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';

import { completions } from '../api/queries.js';
import { useSearchChange } from '../parts/filters.js';
import { queryText } from '../url/query-text.js';
import { scopeFields, type ScopeField, scopeSearch } from './scope.js';
import { useScope } from './use-scope.js';

/** List whose values complete a field. */
const sources = {
  cluster: 'workloads',
  namespace: 'workloads',
  repository: 'repositories',
  owner: 'repositories',
} as const;

/** Chooses the part of the fleet that all pages are about. */
export default function ScopeDialog({ close }: { close: () => void }) {
  const scope = useScope();
  const change = useSearchChange();
  const apply = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    const values = scopeFields.map((field) => [field, (typed.get(field) as string).trim() || undefined] as const);
    change(scopeSearch(Object.fromEntries(values)));
    close();
  };
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="modal">
        <Dialog>
          <Heading slot="title">Scope</Heading>
          <p>Limits the lists of all pages until you remove it. It is part of the address, so that links keep it.</p>
          <form className="form" onSubmit={apply}>
            {scopeFields.map((field, index) => (
              <ScopeInput key={field} field={field} value={scope[field] ?? ''} autoFocus={index === 0} />
            ))}
            <div className="actions">
              <Button type="submit" className="primary">
                Apply
              </Button>
              <Button className="plain" onPress={close}>
                Cancel
              </Button>
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

interface InputProps {
  field: ScopeField;
  value: string;
  autoFocus: boolean;
}

function ScopeInput({ field, value, autoFocus }: InputProps) {
  const id = useId();
  const [typed, setTyped] = useState(value);
  const q = typed === '' ? `${field}=` : queryText({ [field]: typed }, undefined).replace(/"$/, '');
  const { data } = useQuery(completions(sources[field], q, q.length));
  return (
    <span className="filter">
      <label htmlFor={id}>{`${field[0]!.toUpperCase()}${field.slice(1)}`}</label>
      <input
        id={id}
        name={field}
        list={`${id}values`}
        value={typed}
        placeholder={field === 'repository' ? 'any; shop/* for several' : 'any'}
        spellCheck={false}
        autoComplete="off"
        autoFocus={autoFocus}
        onChange={({ target }) => setTyped(target.value)}
      />
      <datalist id={`${id}values`}>
        {data?.items.map(({ text }) => (
          <option key={text} value={unquoted(text)} />
        ))}
      </datalist>
    </span>
  );
}

/** A value as a completion writes it: with spaces in quotation marks. */
function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text;
}
