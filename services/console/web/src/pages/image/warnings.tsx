import type { Image } from '../../api/types.js';
import { Section } from '../../parts/page.js';
import { dotted } from '../../parts/words.js';

const maxLines = 200;

/** Reasons for which something was not read or evaluated. */
export function Warnings({ warnings }: { warnings: Image['warnings'] }) {
  if (warnings.length === 0) return null;
  return (
    <Section title="Warnings" note={warnings.length}>
      <ul className="lines">
        {warnings.slice(0, maxLines).map(({ code, path, message }) => (
          <li key={`${code} ${path} ${message}`}>
            <code>{code}</code> {dotted(path, message)}
          </li>
        ))}
      </ul>
      {warnings.length > maxLines && <p className="quiet">{warnings.length - maxLines} more by the API</p>}
    </Section>
  );
}
