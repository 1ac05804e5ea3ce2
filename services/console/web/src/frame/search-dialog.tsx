import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Autocomplete } from 'react-aria-components/Autocomplete';
import { Dialog } from 'react-aria-components/Dialog';
import { Input } from 'react-aria-components/Input';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { SearchField } from 'react-aria-components/SearchField';

import { search } from '../api/queries.js';
import { pathOfHit } from './hit-links.js';
import { earlyText } from './keys.js';

const settleMs = 150;

/** Searches everything that has a name; the first result is chosen by Enter. */
export default function SearchDialog({ close }: { close: () => void }) {
  return (
    <ModalOverlay isOpen isDismissable className="overlay" onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="modal search-dialog">
        <Dialog aria-label="Search">
          <SearchBox close={close} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function SearchBox({ close }: { close: () => void }) {
  const navigate = useNavigate();
  const [text, setText] = useState(earlyText);
  const settled = useSettled(text.trim());
  const { data, error, isFetching } = useQuery(search(settled));
  const hits = data?.items ?? [];
  const open = (key: string) => {
    const hit = hits.find((each) => keyOf(each) === key);
    if (!hit) return;
    close();
    void navigate({ href: pathOfHit(hit) });
  };
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField aria-label="Search" autoFocus>
        <Input placeholder="CVE, package, image, tag, digest, path, workload, container, INC-7" spellCheck="false" />
      </SearchField>
      <ListBox aria-label="Results" onAction={(key) => open(String(key))} className="hits">
        {hits.map((hit) => (
          <ListBoxItem key={keyOf(hit)} id={keyOf(hit)} textValue={hit.title} className="hit">
            <span className="hit-type">{hit.type}</span> <span>{hit.title}</span>
            {hit.title !== hit.id && <small className="quiet"> {hit.id}</small>}
          </ListBoxItem>
        ))}
      </ListBox>
      <p className="quiet" role="status">
        {error?.message ?? hintOf(settled, isFetching, hits.length)}
      </p>
    </Autocomplete>
  );
}

function keyOf({ type, id }: { type: string; id: string }): string {
  return `${type} ${id}`;
}

function hintOf(text: string, isFetching: boolean, count: number): string {
  if (text === '')
    return 'Names are matched whole, in the whole fleet: CVE-2021-44228, openssl, shop/app, INC-7, sha256:…, /usr/bin/curl';
  if (isFetching) return 'Searching';
  return count === 0 ? `Nothing is named ${text}` : 'Enter opens the chosen result';
}

/** The text once typing pauses. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), settleMs);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
