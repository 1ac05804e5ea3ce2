import { useQuery } from '@tanstack/react-query';
import { useEffect, useId, useState } from 'react';
import { Autocomplete } from 'react-aria-components/Autocomplete';
import { Input } from 'react-aria-components/Input';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { TextField } from 'react-aria-components/TextField';

import { pushesMatching, workloadsMatching } from '../../api/queries.js';
import type { Push, Workload } from '../../api/types.js';
import { useSearchChange } from '../../parts/filters.js';
import { verdictOf } from '../../parts/marks.js';
import { relativeTime } from '../../parts/relative-time.js';
import { counted, dotted, nameOf, shortDigest } from '../../parts/words.js';
import {
  hasText,
  pushQuery,
  type ReferenceChoice,
  runningReference,
  tagReference,
  workloadQuery,
} from './reference.js';

const settleMs = 150;
const kindWords: Record<ReferenceChoice['kind'], string> = { tag: 'tag', image: 'image', running: 'running' };

interface Props {
  label: string;
  /** Parameter of the address that has the reference. */
  name: 'from' | 'to';
  value: string | undefined;
}

/** One side of a comparison: searches tags, images and workloads, or takes what is typed. */
export function ReferenceBox({ label, name, value = '' }: Props) {
  const id = useId();
  const change = useSearchChange();
  const [text, setText] = useState(value);
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setText(value), [value]);
  // An opened field offers other images than the one that it has.
  const choices = useChoices(text === value ? '' : text, isOpen);
  const shown = isOpen ? choices : [];
  const apply = (reference: string) => {
    setOpen(false);
    setText(reference.trim());
    if (reference.trim() !== value) change({ [name]: reference.trim() || undefined });
  };
  return (
    <span className="filter wide query-box">
      <label htmlFor={id}>{label}</label>
      <Autocomplete
        disableAutoFocusFirst
        inputValue={text}
        onInputChange={(typed) => {
          setText(typed);
          setOpen(true);
        }}
      >
        <TextField aria-label={label}>
          <Input
            id={id}
            role="combobox"
            aria-expanded={shown.length > 0}
            placeholder="registry/shop/app:1, sha256:…, or a name to search"
            spellCheck="false"
            autoComplete="off"
            // A chosen option has a focus of its own, which React Aria reports as a blur of the
            // field.
            onBlur={({ nativeEvent }) => nativeEvent.isTrusted && apply(text)}
            onClick={() => setOpen(true)}
            onKeyDown={({ key, currentTarget }) => {
              if (key === 'ArrowDown') setOpen(true);
              if (key === 'Escape') setOpen(false);
              if (key === 'Enter' && !currentTarget.getAttribute('aria-activedescendant')) apply(text);
            }}
          />
        </TextField>
        {/* The field keeps the focus while an option is clicked. */}
        <div className="completions" hidden={shown.length === 0} onMouseDown={(event) => event.preventDefault()}>
          <ListBox aria-label={`Images to compare, ${label}`} items={shown} onAction={(key) => apply(String(key))}>
            {({ kind, reference, note }) => (
              <ListBoxItem id={reference} textValue={reference} className="hit">
                <span className="wrap">
                  <span className="hit-type">{kindWords[kind]}</span> {reference}
                </span>
                <small className="quiet">{note}</small>
              </ListBoxItem>
            )}
          </ListBox>
        </div>
      </Autocomplete>
    </span>
  );
}

/** Tags first, then what runs, then the images that tags pointed to. */
function useChoices(typed: string, isAsked: boolean): ReferenceChoice[] {
  const [text, setText] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => setText(typed), settleMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const isOfWorkloads = text.startsWith('running:');
  const pushed = pushQuery(text);
  const asked = isAsked && !isOfWorkloads;
  const tags = useQuery({ ...pushesMatching(`current ${pushed}`.trim()), enabled: asked });
  const images = useQuery({ ...pushesMatching(pushed), enabled: asked });
  const workloads = useQuery({ ...workloadsMatching(workloadQuery(text)), enabled: isAsked });
  const all = [
    ...(isOfWorkloads ? [] : (tags.data?.items.flatMap(tagChoice) ?? [])),
    ...(workloads.data?.items.map(runningChoice) ?? []),
    ...(isOfWorkloads ? [] : (images.data?.items.flatMap(imageChoice) ?? [])),
  ];
  const choices = [...new Map(all.map((choice) => [choice.reference, choice])).values()];
  const isOlder = typed !== text || [tags, images, workloads].some(({ isPlaceholderData }) => isPlaceholderData);
  // A choice by key must not be one of an earlier text.
  return isOlder ? choices.filter((choice) => hasText(choice, typed)) : choices;
}

function tagChoice(push: Push): ReferenceChoice[] {
  const reference = tagReference(push);
  return reference === null ? [] : [{ kind: 'tag', reference, note: noteOf(push) }];
}

function imageChoice(push: Push): ReferenceChoice[] {
  if (push.digest === null) return [];
  return [{ kind: 'image', reference: push.digest, note: dotted(nameOf(push), noteOf(push)) }];
}

function noteOf(push: Push): string {
  return dotted(verdictOf(push)[1], `pushed ${relativeTime(push.receivedAt, Date.now())}`);
}

function runningChoice(workload: Workload): ReferenceChoice {
  const { images } = workload;
  const names = images.map(({ repository, tag, digest }) =>
    repository === null ? shortDigest(digest) : nameOf({ repository, tag }),
  );
  const note = names.length <= 2 ? names.join(', ') : counted(names.length, 'image');
  return { kind: 'running', reference: runningReference(workload), note };
}
