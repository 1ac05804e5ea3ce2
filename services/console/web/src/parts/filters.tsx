import { useNavigate } from '@tanstack/react-router';
import { useId } from 'react';

type Search = Record<string, string | undefined>;

/**
 * Changes parameters of the address; undefined removes one.
 * @param step `push` where Back undoes the change, `replace` where it is a mere choice in the page
 */
export function useSearchChange(step: 'push' | 'replace' = 'push'): (change: Search) => void {
  const navigate = useNavigate();
  return (change) =>
    void navigate({
      to: '.',
      search: ((before: Search) => ({ ...before, ...change })) as never,
      replace: step === 'replace',
      resetScroll: false,
    });
}

interface SelectProps {
  label: string;
  name: string;
  value: string | undefined;
  /** Values with their texts; a text alone is both. */
  options: readonly (string | readonly [string, string])[];
  /** Text of no choice; without it the first option is the default. */
  any?: string;
}

/** Filter with few values, kept in the address. */
export function FilterSelect({ label, name, value, options, any }: SelectProps) {
  const id = useId();
  const change = useSearchChange();
  return (
    <span className="filter">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value ?? ''}
        onChange={({ target }) => change({ [name]: target.value === '' ? undefined : target.value })}
      >
        {any !== undefined && <option value="">{any}</option>}
        {options.map((option) => {
          const [key, text] = typeof option === 'string' ? [option, option] : option;
          return (
            <option key={key} value={key}>
              {text}
            </option>
          );
        })}
      </select>
    </span>
  );
}

interface TextProps {
  label: string;
  name: string;
  value: string | undefined;
  placeholder?: string;
  isWide?: boolean;
}

/** Filter by text, applied on Enter or when the field is left. */
export function FilterText({ label, name, value, placeholder, isWide = false }: TextProps) {
  const id = useId();
  const change = useSearchChange();
  const apply = (text: string) => change({ [name]: text.trim() === '' ? undefined : text.trim() });
  return (
    <span className={isWide ? 'filter wide' : 'filter'}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        key={value}
        type="search"
        defaultValue={value ?? ''}
        placeholder={placeholder}
        onBlur={({ target }) => target.value.trim() !== (value ?? '') && apply(target.value)}
        onKeyDown={({ key, currentTarget }) => key === 'Enter' && apply(currentTarget.value)}
      />
    </span>
  );
}
