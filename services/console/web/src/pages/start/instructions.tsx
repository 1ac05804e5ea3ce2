import { Copyable } from '../../parts/copyable.js';
import { type Inline, readMarkdown } from './markdown.js';

/** One step of the setup instructions, with blocks to copy. */
export function Instructions({ markdown, label }: { markdown: string; label: string }) {
  return readMarkdown(markdown).map((block, index) =>
    block.kind === 'code' ? (
      <Copyable key={index} label={label}>
        {block.text}
      </Copyable>
    ) : (
      <p key={index}>
        {block.parts.map((part, place) => (
          <Part key={place} {...part} />
        ))}
      </p>
    ),
  );
}

function Part({ kind, text }: Inline) {
  switch (kind) {
    case 'code':
      return <code className="wrap">{text}</code>;
    case 'strong':
      return <strong>{text}</strong>;
    case 'emphasis':
      return <em>{text}</em>;
    case 'text':
      return text;
  }
}
