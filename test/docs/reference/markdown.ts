/** Lines of a document that are apart by one empty line each. */
export function paragraphs(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n');
}

/** A table; nothing if it has no rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string | undefined {
  if (rows.length === 0) return undefined;
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map(cell).join(' | ')} |`)
    .join('\n');
}

/** Text as code, whatever backticks and bars it holds; nothing of nothing. */
export function code(text: string): string {
  if (text === '') return '';
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** A block of code. */
export function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trim()}\n\`\`\``;
}

/** Plain words as Markdown has them: what would be an element of HTML is text. */
export function plain(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) =>
      index % 2 === 1 ? part : part.replaceAll('<', '&lt;').replaceAll(/(?<=\w)\*|\*(?=\w)/g, '\\*'),
    )
    .join('');
}

/** The head of a file that nobody is to write by hand. */
export function generated(title: string, what: string): string {
  return paragraphs(
    `# ${title}`,
    '<!-- Made from the code by `npm run docs`: change that, not this. -->',
    what,
  );
}

function cell(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll('|', '\\|');
}
