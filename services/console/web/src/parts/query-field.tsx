import { useQuery } from '@tanstack/react-query';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { Autocomplete } from 'react-aria-components/Autocomplete';
import { Input } from 'react-aria-components/Input';
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox';
import { TextField } from 'react-aria-components/TextField';

import { completions } from '../api/queries.js';
import type { CompletedList } from '../api/types.js';
import { complete, type Completed, type Completions, narrowed } from './complete.js';
import { useSearchChange } from './filters.js';

const settleMs = 120;

export interface QueryProps {
  list: CompletedList;
  /** The query in the address. */
  value: string | undefined;
  placeholder: string;
}

/**
 * Query of a list, completed while it is typed: fields, operators, values. Applied on Enter or when
 * the field is left. An error is shown below with its column.
 */
export default function QueryField({ list, value = '', placeholder }: QueryProps) {
  const id = useId();
  const change = useSearchChange();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState<Completed>({ text: value, cursor: value.length });
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setTyped({ text: value, cursor: value.length }), [value]);
  /** Place of the cursor after an insertion. */
  const place = useRef<number>(undefined);
  useLayoutEffect(() => {
    if (place.current !== undefined) input.current?.setSelectionRange(place.current, place.current);
    place.current = undefined;
  }, [typed]);
  const settled = useSettled(typed);
  const isAsked = isOpen || settled.text !== '';
  const { data, isPlaceholderData } = useQuery({
    ...completions(list, settled.text, settled.cursor),
    enabled: isAsked,
  });
  const answer = useRef<Answer>(undefined);
  if (data !== undefined && !isPlaceholderData && answer.current?.data !== data) answer.current = { data, of: settled };
  const known = answer.current && narrowed(answer.current.data, answer.current.of, typed);
  const items = isOpen ? (known?.items ?? []) : [];
  const isCurrent = answer.current?.of.text === typed.text;
  // The part at the cursor is not wrong yet.
  const isTyping = isOpen && known?.problem != null && known.problem.column > known.start;
  const problem = isCurrent && !isTyping && typed.text !== '' ? (known?.problem ?? null) : null;

  const apply = (text: string) => {
    setOpen(false);
    const q = text.trim();
    if (q !== value) change({ q: q === '' ? undefined : q });
  };
  const insert = (text: string) => {
    if (!known) return;
    const next = complete(typed.text, known, text);
    setTyped(next);
    place.current = next.cursor;
  };
  return (
    <span className="filter wide query-box">
      <label htmlFor={id}>Filter</label>
      <Autocomplete
        disableAutoFocusFirst
        inputValue={typed.text}
        onInputChange={(text) => {
          setTyped({ text, cursor: input.current?.selectionStart ?? text.length });
          setOpen(true);
        }}
      >
        <TextField aria-label="Filter">
          <Input
            ref={input}
            id={id}
            role="combobox"
            aria-expanded={items.length > 0}
            aria-invalid={problem !== null}
            aria-describedby={problem === null ? undefined : `${id}problem`}
            placeholder={placeholder}
            spellCheck="false"
            autoComplete="off"
            // A chosen completion has a focus of its own, which React Aria reports as a blur of the
            // field.
            onBlur={({ nativeEvent }) => nativeEvent.isTrusted && apply(typed.text)}
            onClick={() => setOpen(true)}
            onSelect={({ currentTarget: { value: text, selectionStart } }) => {
              const cursor = selectionStart ?? text.length;
              setTyped((before) => (before.text === text && before.cursor !== cursor ? { text, cursor } : before));
            }}
            onKeyDown={({ key, currentTarget }) => {
              if (key === 'ArrowDown') setOpen(true);
              if (key === 'Escape') setOpen(false);
              // With a completion chosen, Enter inserts it.
              if (key === 'Enter' && !currentTarget.getAttribute('aria-activedescendant')) apply(typed.text);
            }}
          />
        </TextField>
        {/* The field keeps the focus while a completion is clicked. */}
        <div className="completions" hidden={items.length === 0} onMouseDown={(event) => event.preventDefault()}>
          <ListBox aria-label="Completions" items={items} onAction={(key) => insert(String(key))}>
            {({ text, description }) => (
              <ListBoxItem id={text} textValue={text} className="hit">
                <code>{text}</code> <small className="quiet">{description}</small>
              </ListBoxItem>
            )}
          </ListBox>
        </div>
      </Autocomplete>
      <span id={`${id}problem`} className="problem" role="status" title={problem?.message}>
        {problem?.message}
      </span>
    </span>
  );
}

interface Answer {
  data: Completions;
  of: Completed;
}

/** The typed text once typing pauses. */
function useSettled(typed: Completed): Completed {
  const [settled, setSettled] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(typed), settleMs);
    return () => clearTimeout(timer);
  }, [typed]);
  return settled;
}
