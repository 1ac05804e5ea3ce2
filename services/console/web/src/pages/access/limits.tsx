import type { User } from '../../api/types.js';

/** Limits of an account: each line is one that suffices. */
export function Limits({ scopes }: { scopes: User['scopes'] }) {
  if (scopes === null) return <span className="quiet">everything</span>;
  if (scopes.length === 0) return <>nothing</>;
  return (
    <ul className="plain-list">
      {scopes.map((scope) => {
        const text = limitText(scope);
        return <li key={text}>{text}</li>;
      })}
    </ul>
  );
}

function limitText(scope: NonNullable<User['scopes']>[number]): string {
  const parts = Object.entries(scope).flatMap(([name, values]) =>
    values.length === 0 ? [] : [`${name}: ${values.join(', ')}`],
  );
  return parts.join('; ');
}
