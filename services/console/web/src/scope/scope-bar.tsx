import { Button } from 'react-aria-components/Button';

import { useSearchChange } from '../parts/filters.js';
import { exceptionsText } from './scope-exceptions.js';
import { fieldsOf, scopeSearch } from './scope.js';
import { useScope, useScopedParts } from './use-scope.js';

/** Limits of all lists, each with a button that removes it, and what they do not apply to. */
export default function ScopeBar({ openDialog }: { openDialog: () => void }) {
  const scope = useScope();
  const exceptions = exceptionsText(scope, useScopedParts());
  const change = useSearchChange();
  const fields = fieldsOf(scope);
  const remove = (removed: typeof fields) => {
    change(scopeSearch(Object.fromEntries(removed.map((field) => [field, undefined]))));
    // The pressed button is gone.
    document.getElementById('main')?.focus();
  };
  return (
    <section className="scope-bar" aria-label="Scope">
      <b>Scope</b>
      <ul>
        {fields.map((field) => (
          <li key={field}>
            {field} <span className="mono">{scope[field]}</span>
            <Button className="plain" aria-label={`Remove ${field} ${scope[field]}`} onPress={() => remove([field])}>
              ×
            </Button>
          </li>
        ))}
      </ul>
      <Button className="plain" onPress={openDialog}>
        Change
      </Button>
      {fields.length > 1 && (
        <Button className="plain" onPress={() => remove(fields)}>
          Remove all
        </Button>
      )}
      {exceptions !== null && <small className="quiet">{exceptions}</small>}
    </section>
  );
}
